/** `sip stop`: lets sipd end, and makes it when it does not. */
import type { Home } from '../../lib/home.ts'
import { processesOf } from '../../lib/home-processes.ts'
import { isRunning, type ProcessIdentity } from '../../lib/process.ts'
import { type Command, CommandFailure, exitCodes } from './command.ts'
import { report } from './report.ts'
import { pause, runningSipd } from './sipd.ts'

const stopWithinMs = 10_000
const killWithinMs = 1000

export const stopCommand: Command = {
  name: 'stop',
  synopsis: '',
  help: 'stops sipd; is content when it does not run',
  operandCount: 0,
  options: [],
  run: async ({ home }) => {
    await report('Stopping', () => stopSipd(home))
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
