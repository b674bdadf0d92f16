/** castellan routes import: takes routes from a file of comma-separated values, all of them or none. */
import { readFileSync } from 'node:fs'
import { defineCommand } from '../../lib/cli/command.ts'
import { CommandFailure, exitCodes } from '../../lib/cli/exit-codes.ts'
import { flag } from '../../lib/cli/options.ts'
import { print } from '../../lib/cli/print.ts'
import { columns } from '../../sipd/routes/route.ts'
import { readRoutesCsv } from '../../sipd/routes/routes-csv.ts'
import { counted, withRoutes } from './file.ts'

/** More are counted, and not shown. */
const shownMistakes = 20

export const routesImport = defineCommand({
  name: 'import',
  operands: '<file>',
  summary: 'take routes from a file of comma-separated values; one mistake in it, and none is taken',
  details: `The first line names the columns: ${columns.join(', ')}. They may stand in any order; all but destination_pattern and next_hop may be missing.

An entry with the pattern, type, next hop, port and transport of a route changes that route. A running sipd takes all of it at once, within a second.`,
  example: 'castellan routes import routes.csv',
  exitCodes: { 1: 'the file has mistakes, and no route was changed' },
  options: { replace: flag('--replace', 'remove all routes that the file does not have') },
  async run({ home, operands: [path = ''], options }) {
    // As who names it: the user of sipd may not be able to read it.
    const { routes, mistakes } = readRoutesCsv(readFileSync(path === '-' ? 0 : path, 'utf8'))
    if (mistakes.length > 0) {
      const lines = mistakes
        .slice(0, shownMistakes)
        .map(({ line, column, message }) => `${path}:${line}:${column}: ${message}`)
      const more = mistakes.length - lines.length
      throw new CommandFailure(
        [...lines, ...(more > 0 ? [`and ${more} more mistakes`] : []), 'no route was changed'].join('\n'),
      )
    }
    const { added, updated } = await withRoutes(home, `castellan routes import ${path}`, (file) =>
      options.replace ? file.replaceAll(routes) : file.put(routes),
    )
    print(
      options.replace
        ? `${counted(added)} imported, in place of all before\n`
        : `${counted(added)} added, ${updated} changed\n`,
    )
    return exitCodes.ok
  },
})
