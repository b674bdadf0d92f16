/** castellan routes list: the routes there are. */
import { grey, red, usesColour } from '../../lib/cli/colour.ts'
import { defineCommand } from '../../lib/cli/command.ts'
import { exitCodes } from '../../lib/cli/exit-codes.ts'
import { json } from '../../lib/cli/options.ts'
import { show } from '../../lib/cli/print.ts'
import { type Cell, formatTable } from '../../lib/cli/table.ts'
import type { Route } from '../../sipd/routes/route.ts'
import { readRoutes } from './file.ts'

export const routesList = defineCommand({
  name: 'list',
  operands: '[pattern]',
  summary: 'show the routes, or those of one pattern',
  example: 'castellan routes list',
  options: { json },
  async run({ home, operands: [pattern], options }) {
    const routes = readRoutes(home).filter((route) => pattern === undefined || route.pattern === pattern)
    show(routes, options.json, () => formatRoutes(routes, usesColour()))
    return exitCodes.ok
  },
})

export function formatRoutes(routes: readonly Route[], isColoured: boolean, width?: number): string {
  if (routes.length === 0) return 'there are no routes; castellan routes add makes one\n'
  const rows = routes.map((route): Cell[] => {
    const { type, pattern, nextHop, nextHopPort, transport, priority, weight, label } = route
    const colour = route.isBlocked ? red : grey
    return [
      { text: pattern },
      { text: type },
      { text: `${nextHop}${nextHopPort === 0 ? '' : `:${nextHopPort}`}` },
      { text: transport ?? '' },
      { text: `priority ${priority}, weight ${weight}` },
      { text: remarksOf(route).join(', '), colour },
      { text: label },
    ]
  })
  return formatTable(rows, { isColoured, ...(width === undefined ? {} : { width }) })
}

function remarksOf({ isBlocked, isInService, allowsLessSpecific, techPrefixAction }: Route): string[] {
  return [
    ...(isBlocked ? ['blocks'] : []),
    ...(isInService ? [] : ['out of service']),
    ...(allowsLessSpecific ? [] : ['no less specific']),
    ...(techPrefixAction === 'Strip' ? ['strips the prefix'] : []),
  ]
}
