/** castellan routes add: makes a route, or changes the one that leads the same pattern to the same place. */
import { defineCommand } from '../../lib/cli/command.ts'
import { exitCodes, UsageError } from '../../lib/cli/exit-codes.ts'
import { flag, text } from '../../lib/cli/options.ts'
import { print } from '../../lib/cli/print.ts'
import { type Column, readRoute } from '../../sipd/routes/route.ts'
import { describeRoute } from '../../sipd/trace/trace.ts'
import { withRoutes } from './file.ts'

/** What people type for a field. */
const words: Readonly<Record<Column, string>> = {
  destination_pattern: '<pattern>',
  type: '--type',
  next_hop: '<next-hop>',
  next_hop_port: '--port',
  transport: '--transport',
  priority: '--priority',
  weight: '--weight',
  tech_prefix_action: '--tech-prefix',
  allow_less_specific: '--no-less-specific',
  block: '--block',
  in_service: '--out-of-service',
  label: '--label',
}

export const routesAdd = defineCommand({
  name: 'add',
  operands: '<pattern> [next-hop]',
  summary: 'make a route, or change the one that leads the same pattern to the same place',
  details: `In a pattern . stands for one digit, * as the last character for one digit or more, \\* for a star. With --type ip the pattern is a domain, such as foo.com, and stands for all hosts in it. A route with --block needs no next hop.

A running sipd takes the route within a second.`,
  example: "castellan routes add '+1408......' gw1.example.com --port 5060",
  options: {
    type: text('--type <type>', 'phone, by the number (the default), or ip, by the domain'),
    port: text('--port <port>', 'of the next hop; without it the DNS is asked for SRV records'),
    transport: text('--transport <transport>', 'UDP, TCP or TLS; without it what the next hop takes'),
    priority: text('--priority <n>', 'the lowest is tried first (0)'),
    weight: text('--weight <n>', 'the share of calls among routes of one priority (0)'),
    techPrefix: text('--tech-prefix <action>', 'Include or Strip a technology prefix such as 001# (Include)'),
    lessSpecific: flag('--no-less-specific', 'try no less specific route after this one'),
    block: flag('--block', 'refuse calls to these numbers with 403'),
    outOfService: flag('--out-of-service', 'keep the route, and do not use it'),
    label: text('--label <text>', 'for people'),
  },
  async run({ home, operands: [pattern = '', nextHop = ''], options }) {
    const read = readRoute({
      destination_pattern: pattern,
      next_hop: nextHop,
      type: options.type ?? '',
      next_hop_port: options.port ?? '',
      transport: options.transport ?? '',
      priority: options.priority ?? '',
      weight: options.weight ?? '',
      tech_prefix_action: options.techPrefix ?? '',
      allow_less_specific: options.lessSpecific ? 'On' : 'Off',
      block: options.block ? 'On' : 'Off',
      in_service: options.outOfService ? 'Off' : 'On',
      label: options.label ?? '',
    })
    if ('mistakes' in read)
      throw new UsageError(
        read.mistakes.map(({ column, expected }) => `${words[column]}: expected ${expected}`).join('; '),
      )
    const { added } = await withRoutes(home, `castellan routes add ${pattern}`, (file) => file.put([read.route]))
    print(`${added > 0 ? 'added' : 'changed'} ${describeRoute(read.route)}\n`)
    return exitCodes.ok
  },
})
