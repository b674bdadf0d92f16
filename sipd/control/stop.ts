/** `sip stop`: lets sipd end, and makes it when it does not. */
import type { Home } from '../../lib/home.ts'
import { processesOf } from '../../lib/home-processes.ts'
import { isRunning, type ProcessIdentity } from '../../lib/proc/process.ts'
import { type Command, CommandFailure, exitCodes } from './command.ts'
import { report } from './report.ts'
import { pause, runningSipd } from './sipd.ts'
import { supervisorDid } from './supervisor.ts'

const stopWithinMs = 10_000
const killWithinMs = 1000

export const stopCommand: Command = {
  name: 'stop',
  synopsis: '',
  help: 'stops sipd, which stays stopped until somebody starts it; fine when it does not run',
  operandCount: 0,
  options: [],
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
}

export async function stopSipd(home: Home): Promise<void> {
  // One that is still starting has no PID file yet.
  const running = runningSipd(home) ?? processesOf(home).find(({ part }) => part === 'sipd')
  if (!running) return
  signal(running, 'SIGTERM')
  if (await isGone(running, stopWithinMs)) return
  signal(running, 'SIGKILL')
  if (await isGone(running, killWithinMs)) return
  throw new CommandFailure(`PID ${running.pid} does not end, not even by SIGKILL`)
}

function signal(process_: ProcessIdentity, name: NodeJS.Signals): void {
  if (!isRunning(process_)) return
  try {
    process.kill(process_.pid, name)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ESRCH') return // it ended just now
    const text = `PID ${process_.pid} cannot be sent ${name}: ${message}`
    throw new CommandFailure(text, code === 'EPERM' ? exitCodes.refused : exitCodes.error)
  }
}

async function isGone(identity: ProcessIdentity, withinMs: number): Promise<boolean> {
  const deadlineMs = performance.now() + withinMs
  while (performance.now() < deadlineMs) {
    if (!isRunning(identity)) return true
    await pause(25)
  }
  return false
}
