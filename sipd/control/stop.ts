/** `sip stop`: lets sipd end, and makes it when it does not. */

import { CommandFailure, exitCodes } from '../../lib/cli/exit-codes.ts'
import type { Home } from '../../lib/home/home.ts'
import { isRunning, type ProcessIdentity, readProcess } from '../../lib/proc/process.ts'
import { isPartOf, signalDaemon } from '../../lib/process/daemon-identity.ts'
import { processesOf } from '../../lib/process/home-processes.ts'
import { commandClock } from '../../lib/time/clock.ts'
import { pause } from '../../lib/time/pause.ts'
import { sipCommand } from './command.ts'
import { report } from './report.ts'
import { runningSipd } from './sipd.ts'
import { supervisedProcess, supervisorDid } from './supervisor.ts'

const stopWithinMs = 10_000
const killWithinMs = 1000

export const stopCommand = sipCommand({
  name: 'stop',
  summary: 'stop sipd, which stays stopped until somebody starts it; fine when it does not run',
  example: 'sip stop',
  exitCodes: { 0: 'it does not run', 1: 'it does not end' },
  options: {},
  actsOnProcesses: true,
  run: async ({ home }) => {
    await report('Stopping', async () => {
      await supervisorDid(home, 'stop').catch((error: CommandFailure) => {
        process.stderr.write(`sip: the supervisor failed to stop sipd: ${error.message}\n`)
      })
      // Whatever the supervisor has done: one that it does not know of may run.
      await stopSipd(home)
    })
    return exitCodes.ok
  },
})

/** Resolves when it has ended. Throws when it does not end, may not be signalled, or is something else than it should be. */
export async function stopSipd(home: Home): Promise<void> {
  const running = sipdToStop(home)
  if (!running) return
  signalDaemon(running, 'SIGTERM')
  if (await isGone(running, stopWithinMs)) return
  signalDaemon(running, 'SIGKILL')
  if (await isGone(running, killWithinMs)) return
  throw new CommandFailure(`PID ${running.pid} does not end, not even by SIGKILL`)
}

/** The supervisor knows its process, and no file is asked then. */
function sipdToStop(home: Home): ProcessIdentity | undefined {
  const named = supervisedProcess()
  // One that is still starting has no PID file yet.
  if (!named) return runningSipd(home) ?? processesOf(home).find(({ part }) => part === 'sipd')
  const running = readProcess(named.pid)
  if (!running || running.startTicks !== named.startTicks) return undefined
  if (!isPartOf(home, 'sipd', running))
    throw new CommandFailure(`PID ${named.pid}, which the supervisor names, is not the sipd of ${home.root}`)
  return running
}

async function isGone(identity: ProcessIdentity, withinMs: number): Promise<boolean> {
  const deadlineMs = performance.now() + withinMs
  while (performance.now() < deadlineMs) {
    if (!isRunning(identity)) return true
    await pause(commandClock, 25)
  }
  return false
}
