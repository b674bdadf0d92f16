/** utils disaster_recovery backup: starts a backup now. */
import { defineCommand } from '../../../lib/cli/command.ts'
import { exitCodes } from '../../../lib/cli/exit-codes.ts'
import { flag, text } from '../../../lib/cli/options.ts'
import { print } from '../../../lib/cli/print.ts'
import { deviceNamed } from './ask.ts'
import { followJob, startJob } from './job.ts'

export const backupCommand = defineCommand({
  name: 'backup',
  operands: '<device>',
  summary: 'back up this appliance to a device, and show the progress',
  details: 'Required features are part of every backup. A backup continues when this command is interrupted.',
  example: 'utils disaster_recovery backup disk --features AGENT,SIPD',
  exitCodes: { 1: 'the backup failed, or there is no such device', 4: 'refused: another job runs' },
  options: {
    features: text('--features <names>', 'separated by commas (all)'),
    background: flag('--background', 'only start the job, and do not wait for it'),
  },
  async run({ home, operands: [name = ''], options }) {
    const device = await deviceNamed(home, name)
    const job = await startJob(home, {
      drsJobType: 'backup',
      drsJobDevice: String(device.index[0]),
      drsJobFeatures: options.features ?? '',
    })
    if (!options.background) return followJob(home, job)
    print(`backup ${job} was started\n`)
    return exitCodes.ok
  },
})
