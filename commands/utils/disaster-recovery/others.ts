/** utils disaster_recovery verify, drill and rollback: jobs that prove backups, and that take a restore back. */
import { type Command, defineCommand } from '../../../lib/cli/command.ts'
import { exitCodes } from '../../../lib/cli/exit-codes.ts'
import { flag } from '../../../lib/cli/options.ts'
import { print } from '../../../lib/cli/print.ts'
import { deviceNamed } from './ask.ts'
import { startJob } from './job.ts'
import { followFolder, jobLogOf } from './job-folder.ts'

interface JobWords {
  readonly name: 'verify' | 'drill' | 'rollback'
  readonly operands?: string
  readonly summary: string
  readonly details: string
  readonly example: string
}

export const verifyCommand = jobCommand({
  name: 'verify',
  operands: '<device> <backup>',
  summary: 'read a whole backup and compare it with its manifest',
  details: 'Nothing is changed. utils disaster_recovery show_backupfiles names the backups.',
  example: 'utils disaster_recovery verify disk castellan_2026-11-27T02-30-00Z_0.1.0',
})

export const drillCommand = jobCommand({
  name: 'drill',
  operands: '<device> [backup]',
  summary: 'restore a backup, the newest by default, into a sandbox and start an agent on it',
  details: 'The appliance itself is not touched, and nothing of the sandbox is left.',
  example: 'utils disaster_recovery drill disk',
})

export const rollbackCommand = jobCommand({
  name: 'rollback',
  summary: 'put back what the last restore replaced',
  details: 'The daemons are stopped, and started again.',
  example: 'utils disaster_recovery rollback',
})

function jobCommand(words: JobWords): Command {
  return defineCommand({
    ...words,
    exitCodes: { 1: `the ${words.name} failed, or there is no such device`, 4: 'refused: another job runs' },
    options: { background: flag('--background', 'only start the job, and do not wait for it') },
    async run({ home, operands: [name, set = ''], options }) {
      const device = name === undefined ? 0 : ((await deviceNamed(home, name)).index[0] ?? 0)
      const job = await startJob(home, {
        drsJobType: words.name,
        drsJobDevice: String(device),
        drsJobFileName: set,
      })
      print(`${words.name} ${job} was started; its log is ${jobLogOf(home, job)}\n`)
      return options.background ? exitCodes.ok : followFolder(home, job)
    },
  })
}
