/** utils disaster_recovery backup: starts a backup now. */
import { defineCommand } from '../../../lib/cli/command.ts'
import { text } from '../../../lib/cli/options.ts'
import { deviceNamed } from './ask.ts'
import { afterStart, followOptions, startJob } from './job.ts'
import { requireNodes } from './job-nodes.ts'

export const backupCommand = defineCommand({
  name: 'backup',
  operands: '<device>',
  summary: 'back this appliance up to a device, and show how far it is',
  details: 'Required features are part of every backup. A backup goes on when this command is interrupted.',
  example: 'utils disaster_recovery backup disk --features AGENT,SIPD',
  exitCodes: { 1: 'the backup failed, or there is no such device', 4: 'refused: another job runs' },
  options: {
    features: text('--features <names>', 'separated by commas (all)'),
    nodes: text('--nodes <names>', 'separated by commas, besides this machine (all nodes)'),
    ...followOptions,
  },
  async run({ home, operands: [name = ''], options }) {
    const device = await deviceNamed(home, name)
    if (options.nodes !== undefined) await requireNodes(home, options.nodes)
    const job = await startJob(home, {
      drsJobType: 'backup',
      drsJobDevice: String(device.index[0]),
      drsJobFeatures: options.features ?? '',
      drsJobNodes: options.nodes ?? '',
    })
    return afterStart(home, { type: 'backup', job }, options)
  },
})
