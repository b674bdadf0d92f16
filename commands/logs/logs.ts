/** castellan logs: follows them, lists what is followed, or tries a pattern on one. */
import type { Group } from '../../lib/cli/command.ts'
import { logsFollow } from './follow.ts'
import { logsList } from './list.ts'
import { logsTest } from './test.ts'

export const logsGroup: Group = {
  name: 'logs',
  summary: 'logs: follow them, list what is followed, or try a pattern on one',
  commands: [logsFollow, logsList, logsTest],
  usual: logsFollow,
}
