/** castellan routes: the static routes of sipd. */
import type { Group } from '../../lib/cli/command.ts'
import { routesAdd } from './add.ts'
import { routesExport } from './export.ts'
import { routesImport } from './import.ts'
import { routesList } from './list.ts'
import { routesRemove } from './remove.ts'
import { routesTest } from './test.ts'

export const routesGroup: Group = {
  name: 'routes',
  summary: 'static routes of sipd: where calls to numbers and other domains go',
  commands: [routesAdd, routesList, routesRemove, routesTest, routesImport, routesExport],
  usual: routesList,
}
