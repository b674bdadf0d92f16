/** A backup job as a process of its own: `main.js FOLDER`, the folder being that of the job. It needs no agent. */
import type { NodeSettings } from '../lib/backup/node.ts'
import { messageWithCausesOf } from '../lib/errors.ts'
import { systemClock } from '../lib/time/clock.ts'
import { programVersion } from '../lib/version.ts'
import { daemonsOf } from './job/daemons.ts'
import { jobExitCodes } from './job/exit-codes.ts'
import { runJob } from './job/run.ts'
import { ChildAgents } from './node/child-agents.ts'
import { openDevice } from './open-device.ts'
import { prune } from './retention.ts'

const [folder, ...more] = process.argv.slice(2)
if (folder === undefined || more.length > 0) {
  process.stderr.write('backup: expected the folder of a job\n')
  process.exit(jobExitCodes.usage)
}

const ending = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
  process.on(signal, () => ending.abort(new Error(`ended by ${signal}`)))

const agents = new ChildAgents()
const world = {
  clock: systemClock,
  openDevice: (settings: Parameters<typeof openDevice>[0]) => openDevice(settings, { clock: systemClock }),
  openNode: (settings: NodeSettings) => agents.open(settings),
  prune,
  services: daemonsOf,
}
try {
  process.exitCode = await runJob(folder, programVersion(), world, ending.signal)
} catch (error) {
  process.stderr.write(`backup: ${messageWithCausesOf(error)}\n`)
  process.exitCode = jobExitCodes.usage
}
