/** The running sipd as its operator reaches it: its PID file, and the control socket of the parent process. */
import { CommandFailure, exitCodes } from '../../lib/cli/exit-codes.ts'
import { isDenied, messageOf } from '../../lib/errors.ts'
import { controlSocketToAsk } from '../../lib/home/control-socket.ts'
import type { Home } from '../../lib/home/home.ts'
import { isRunning, type ProcessIdentity } from '../../lib/proc/process.ts'
import { ControlError, control, NoAnswerError } from '../../lib/process/control.ts'
import { daemonOf } from '../../lib/process/daemon-identity.ts'
import { commandClock } from '../../lib/time/clock.ts'
import { pause } from '../../lib/time/pause.ts'
import { inspectConfig } from '../config/read.ts'

/** Undefined when it does not run. Throws HomeError (4) where this user may not see it. */
export function runningSipd(home: Home): ProcessIdentity | undefined {
  return daemonOf(home, 'sipd')
}

/** For commands that want it to run. */
export function needSipd(home: Home): ProcessIdentity {
  const running = runningSipd(home)
  if (!running) throw new CommandFailure(`sipd does not run in ${home.root}; start it with: sip start`)
  return running
}

/** Says a line to the parent process and gives its answer; what goes wrong is a CommandFailure. */
export async function askSipd(home: Home, line: string, withinMs: number): Promise<string> {
  const path = controlSocketToAsk(home, 'sipd')
  try {
    return await control(path, line, withinMs)
  } catch (error) {
    throw whyNotAsked(error, { path, line, withinMs })
  }
}

/** What `control` throws, as the sentence and the exit code that a user gets. */
export function whyNotAsked(
  error: unknown,
  { path, line, withinMs }: { path: string; line: string; withinMs: number },
): CommandFailure {
  if (error instanceof ControlError) return new CommandFailure(error.message)
  if (error instanceof NoAnswerError)
    return new CommandFailure(`sipd gave no answer to ${line} within ${withinMs / 1000} s`, exitCodes.noAnswer)
  if (isDenied(error)) return new CommandFailure(`${path} is not for this user: ${messageOf(error)}`, exitCodes.refused)
  return new CommandFailure(`sipd does not listen at ${path}: ${messageOf(error)}`)
}

/** ErrorLog as sipd.conf has it, for a sentence. */
function errorLogOf(home: Home): string {
  const errorLog = inspectConfig(home).config?.ErrorLog
  if (!errorLog) return 'the error log'
  return errorLog.kind === 'file' ? errorLog.path : `the error log of "|${errorLog.command}"`
}

/** The number that grows with every new generation of workers that serves. */
export async function readGeneration(home: Home, withinMs: number): Promise<number> {
  const answer = await askSipd(home, 'generation', withinMs)
  if (!/^\d{1,15}$/.test(answer)) throw new CommandFailure(`sipd said ${JSON.stringify(answer)} for its generation`)
  return Number(answer)
}

/** Resolves when a generation later than `before` serves. */
export async function waitForGeneration(
  home: Home,
  { before, withinMs, parent }: { before: number; withinMs: number; parent: ProcessIdentity },
): Promise<void> {
  const deadlineMs = performance.now() + withinMs
  for (;;) {
    const leftMs = deadlineMs - performance.now()
    if (leftMs <= 0) break
    if (!isRunning(parent)) throw new CommandFailure(`sipd ended meanwhile; ${errorLogOf(home)} says why`)
    // The last of these questions has hardly any time, and what is missing is the generation and not its answer.
    const generation = await readGeneration(home, Math.max(1, leftMs)).catch((error: unknown) => {
      if (error instanceof CommandFailure && error.exitCode === exitCodes.noAnswer) return before
      throw error
    })
    if (generation > before) return
    await pause(commandClock, 50)
  }
  throw new CommandFailure(
    `no new generation of sipd served within ${withinMs / 1000} s; ${errorLogOf(home)} says why`,
    exitCodes.noAnswer,
  )
}
