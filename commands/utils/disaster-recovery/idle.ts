/** utils disaster_recovery idle: whether anybody may upgrade or restart the machine now. DRS locks its platform while a job runs. */
import { existsSync } from 'node:fs'
import { jobLockOf, replacedFolderOf } from '../../../backup/job/folders.ts'
import { readJournal } from '../../../backup/restore/journal.ts'
import { journalPathOf } from '../../../backup/restore/switch.ts'
import { defineCommand } from '../../../lib/cli/command.ts'
import { exitCodes, RefusedError } from '../../../lib/cli/exit-codes.ts'
import { print } from '../../../lib/cli/print.ts'
import { requireHome } from '../../../lib/home/home.ts'
import { requireOwner } from '../../../lib/home/home-trust.ts'
import { HomeLock } from '../../../lib/home/lock.ts'

export const idleCommand = defineCommand({
  name: 'idle',
  summary: 'say whether no job runs, for scripts that upgrade or restart this machine',
  details:
    'A script of a package calls it before it changes anything, and ends where it is refused: a job goes on with the program that it was started with. It needs no subagents.',
  example: 'utils disaster_recovery idle && apt-get upgrade',
  exitCodes: { 0: 'no job runs', 4: 'refused: a job runs, or a restore was killed and must be taken back first' },
  options: {},
  async run({ home }) {
    requireHome(home)
    requireOwner(home, 'utils disaster_recovery')
    const path = jobLockOf(home)
    const lock = existsSync(path) ? HomeLock.tryTake(path) : 'none yet'
    if (lock === undefined)
      throw new RefusedError('a backup job runs; wait for its end: utils disaster_recovery status --follow')
    if (lock !== 'none yet') lock.release()
    const journal = readJournal(journalPathOf(replacedFolderOf(home)))
    if (journal && !journal.isWhole)
      throw new RefusedError('a restore was killed; take it back first: utils disaster_recovery rollback')
    print('no backup job runs\n')
    return exitCodes.ok
  },
})
