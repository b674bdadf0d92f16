/** utils disaster_recovery restore: puts a backup back in place of what this home has. */
import { defineCommand } from '../../../lib/cli/command.ts'
import { flag, text } from '../../../lib/cli/options.ts'
import { deviceNamed } from './ask.ts'
import { afterStart, followOptions, startJob } from './job.ts'
import { requireNodes } from './job-nodes.ts'

export const restoreCommand = defineCommand({
  name: 'restore',
  operands: '<device> <backup>',
  summary: 'replace what this appliance has with a backup of it',
  details:
    'The backup is read and checked whole before anything is touched. Then the daemons are stopped, and started again with what was restored. What was replaced is kept until the next restore: utils disaster_recovery rollback. A restore goes on when this command is interrupted. Of a machine that is no node, --node restores the archive here.',
  example: 'utils disaster_recovery restore disk castellan_2026-11-27T02-30-00Z_0.1.0',
  exitCodes: { 1: 'the restore failed, or there is no such device', 4: 'refused: another job runs' },
  options: {
    features: text('--features <names>', 'separated by commas (all that the backup has)'),
    node: text('--node <names>', 'separated by commas: the nodes to restore (this machine)'),
    anyVersion: flag('--any-version', 'also one of another version, which may not run with what it finds'),
    ...followOptions,
  },
  async run({ home, operands: [name = '', set = ''], options }) {
    const device = await deviceNamed(home, name)
    // One alone may be a machine that is no node, whose archive is restored here.
    if (options.node?.includes(',')) await requireNodes(home, options.node)
    const job = await startJob(home, {
      drsJobType: 'restore',
      drsJobDevice: String(device.index[0]),
      drsJobFileName: set,
      drsJobFeatures: options.features ?? '',
      drsJobNodes: options.node ?? '',
      drsJobAnyVersion: String(options.anyVersion),
    })
    return afterStart(home, { type: 'restore', job }, options)
  },
})
