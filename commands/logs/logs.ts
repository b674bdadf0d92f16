/** castellan logs: follows them, lists what is followed, or tries a pattern on one. */
import type { Group } from '../../lib/cli/command.ts'
import { logsFollow } from './follow.ts'
import { logsList } from './list.ts'
import { logsTest } from './test.ts'

export const logsGroup: Group = {
  name: 'logs',
  summary: 'follow logs, list the followed ones, or try a pattern on one',
  commands: [logsFollow, logsList, logsTest],
  usual: logsFollow,
}
