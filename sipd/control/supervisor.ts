/**
 * The supervisor of sipd, which critapp is where the subagents run: an operator's own start, stop and restart are orders
 * to it. It would take a stop that it does not know of for a crash, and start sipd again.
 */
import { CommandFailure, exitCodes } from '../../lib/cli/exit-codes.ts'
import { codeOf, isMissing, messageOf } from '../../lib/errors.ts'
import { controlSocketOf } from '../../lib/home/control-socket.ts'
import type { Home } from '../../lib/home/home.ts'
import type { SignalTarget } from '../../lib/proc/signal.ts'
import { ControlError, control, NoAnswerError } from '../../lib/process/control.ts'

/** The PID and the start time of the process that is to be stopped, as the supervisor knows it (subagents/critapp/host/run.ts). */
export const processVariable = 'CASTELLAN_SUPERVISED_PROCESS'

/** Whom the supervisor means that called this command; undefined where it was not called by one, or names nobody. */
export function supervisedProcess(): SignalTarget | undefined {
  if (process.env.CASTELLAN_SUPERVISED !== 'sipd') return undefined
  const [, pid, startTicks] = /^(\d{1,7}) (\d{1,15})$/.exec(process.env[processVariable] ?? '') ?? []
  return pid === undefined ? undefined : { pid: Number(pid), startTicks: Number(startTicks) }
}

/** A stop may take its time-out, a start until sipd serves. */
const answerWithinMs = 120_000

/**
 * True when the supervisor has done it; false when this command has to do it: nobody supervises, or the supervisor itself
 * called this command. Throws a CommandFailure with the supervisor's own words.
 */
export async function supervisorDid(home: Home, order: 'start' | 'stop' | 'restart'): Promise<boolean> {
  if (process.env.CASTELLAN_SUPERVISED === 'sipd') return false
  const path = controlSocketOf(home, 'subagents')
  try {
    return (await control(path, `apps ${order} sipd`, answerWithinMs)) === 'done'
  } catch (error) {
    if (error instanceof ControlError) throw new CommandFailure(error.message)
    if (error instanceof NoAnswerError)
      throw new CommandFailure(`the subagents gave no answer within ${answerWithinMs / 1000} s`, exitCodes.noAnswer)
    if (isMissing(error) || codeOf(error) === 'ECONNREFUSED') return false
    process.stderr.write(
      `sip: cannot ask the supervisor, which will take this for a failure of sipd: ${messageOf(error)}\n`,
    )
    return false
  }
}
