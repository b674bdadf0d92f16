/** Workers whose parent was killed: they end by themselves unless they hang, and then they have the ports of the next start. */
import { basename, dirname } from 'node:path'
import type { Home } from '../../lib/home/home.ts'
import { isRunning, type ProcessIdentity, visibleProcesses } from '../../lib/proc/process.ts'
import { sendSignal } from '../../lib/proc/signal.ts'
import { isRunBy, servesHome } from '../../lib/process/daemon-identity.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { pause } from '../../lib/time/pause.ts'

/** One that does not hang has closed its sockets and written its registrations by then. */
const endWithinMs = 2000
const lookEveryMs = 20

/** Only for who has the lock of sipd: every worker of the home is of a parent that is gone. Gives those that had to be killed. */
export async function endOrphans(home: Home, clock: Clock): Promise<readonly number[]> {
  const orphans = visibleProcesses().filter((one) => isWorkerOf(home, one))
  const left = await leftAfter(orphans, clock)
  for (const orphan of left) sendSignal(orphan, 'SIGKILL')
  await leftAfter(left, clock)
  return left.map(({ pid }) => pid)
}

async function leftAfter(orphans: readonly ProcessIdentity[], clock: Clock): Promise<readonly ProcessIdentity[]> {
  const untilMs = clock.monotonicMs() + endWithinMs
  let left = orphans.filter(isRunning)
  while (left.length > 0 && clock.monotonicMs() < untilMs) {
    await pause(clock, lookEveryMs)
    left = left.filter(isRunning)
  }
  return left
}

/** Whether a process is a worker of the sipd of this home. */
export function isWorkerOf(home: Home, process: ProcessIdentity): boolean {
  const script = process.command.find((word, at) => at > 0 && !word.startsWith('-')) ?? ''
  const folder = dirname(script)
  const isWorker =
    basename(script) === 'main.js' && basename(folder) === 'worker' && basename(dirname(folder)) === 'sipd'
  return isWorker && servesHome(home, process) && isRunBy(home, 'sipd', process.pid)
}
