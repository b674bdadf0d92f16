/** castellan apps: lists critical applications, starts, stops and restarts them. */
import type { Group } from '../../lib/cli/command.ts'
import { appsList } from './list.ts'
import { appsRestart } from './restart.ts'
import { appsGraceful, appsStart, appsStop } from './set.ts'

export const appsGroup: Group = {
  name: 'apps',
  summary: 'critical applications: list them, start, stop or restart one',
  commands: [appsList, appsStart, appsStop, appsGraceful, appsRestart],
  usual: appsList,
}
