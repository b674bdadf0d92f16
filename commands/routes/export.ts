/** castellan routes export: writes the routes as comma-separated values, which an import reads. */
import { writeFileSync } from 'node:fs'
import { defineCommand } from '../../lib/cli/command.ts'
import { exitCodes } from '../../lib/cli/exit-codes.ts'
import { print } from '../../lib/cli/print.ts'
import { formatRoutesCsv } from '../../sipd/routes/routes-csv.ts'
import { counted, readRoutes } from './file.ts'

export const routesExport = defineCommand({
  name: 'export',
  operands: '[file]',
  summary: 'write the routes as comma-separated values with a header line',
  example: 'castellan routes export routes.csv',
  options: {},
  async run({ home, operands: [path] }) {
    const routes = readRoutes(home)
    const text = formatRoutesCsv(routes)
    if (path === undefined) print(text)
    else {
      writeFileSync(path, text)
      print(`${counted(routes.length)} written to ${path}\n`)
    }
    return exitCodes.ok
  },
})
