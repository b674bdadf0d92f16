/** utils disaster_recovery verify and drill: jobs that prove backups. */
import { type Command, defineCommand } from '../../../lib/cli/command.ts'
import { deviceNamed } from './ask.ts'
import { afterStart, followOptions, startJob } from './job.ts'

interface JobWords {
  readonly name: 'verify' | 'drill'
  readonly operands: string
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

function jobCommand(words: JobWords): Command {
  return defineCommand({
    ...words,
    exitCodes: { 1: `the ${words.name} failed, or there is no such device`, 4: 'refused: another job runs' },
    options: followOptions,
    async run({ home, operands: [name = '', set = ''], options }) {
      const device = await deviceNamed(home, name)
      const job = await startJob(home, {
        drsJobType: words.name,
        drsJobDevice: String(device.index[0]),
        drsJobFileName: set,
      })
      return afterStart(home, { type: words.name, job }, options)
    },
  })
}
