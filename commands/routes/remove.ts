/** castellan routes remove: takes routes away. */
import { defineCommand } from '../../lib/cli/command.ts'
import { CommandFailure, exitCodes } from '../../lib/cli/exit-codes.ts'
import { print } from '../../lib/cli/print.ts'
import { parseDomainPattern } from '../../sipd/routes/pattern.ts'
import type { Route } from '../../sipd/routes/route.ts'
import { describeRoute } from '../../sipd/trace/trace.ts'
import { withRoutes } from './file.ts'

export const routesRemove = defineCommand({
  name: 'remove',
  operands: '<pattern> [next-hop]',
  summary: 'take away the routes of a pattern, or those of them that lead to one next hop',
  example: "castellan routes remove '+1408......' gw1.example.com",
  options: {},
  async run({ home, operands: [pattern = '', nextHop] }) {
    const removed = await withRoutes(home, `castellan routes remove ${pattern}`, (file) => {
      const routes = file.all().filter((route) => isNamed(route, pattern, nextHop))
      file.remove(routes)
      return routes
    })
    if (removed.length === 0) {
      const to = nextHop === undefined ? '' : ` to ${nextHop}`
      throw new CommandFailure(`there is no route ${pattern}${to}; castellan routes list shows those there are`)
    }
    for (const route of removed) print(`removed ${describeRoute(route)}\n`)
    return exitCodes.ok
  },
})

function isNamed(route: Route, pattern: string, nextHop: string | undefined): boolean {
  const wanted = route.type === 'ip' ? parseDomainPattern(pattern) : pattern
  return route.pattern === wanted && (nextHop === undefined || route.nextHop === nextHop.toLowerCase())
}
