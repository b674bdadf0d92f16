/** Numbers of processes: which numbers are any, and what the kernel says of one past /proc. */
import { codeOf } from '../errors.ts'

/** PID_MAX_LIMIT of the kernel. kill(2) takes 0 and negative numbers for whole groups, -1 for everybody. */
const highestPid = 2 ** 22

export function isPid(pid: number): boolean {
  return Number.isInteger(pid) && pid >= 1 && pid <= highestPid
}

/** Whether the kernel has a process of this number. */
export const isKnown = (pid: number): boolean => signalError(pid) !== 'ESRCH'

/**
 * Whether it is another user's, so that this process may not signal it. With hidepid=2 such processes are not in /proc at all,
 * but kill(2) tells that they are there.
 */
export const isForeign = (pid: number): boolean => signalError(pid) === 'EPERM'

function signalError(pid: number): string | undefined {
  if (!isPid(pid)) return 'ESRCH'
  try {
    process.kill(pid, 0)
    return undefined
  } catch (error) {
    return codeOf(error)
  }
}

/** A process that runs, and that /proc does not show to this one (hidepid, proc(5)). */
export class HiddenProcessError extends Error {
  /** As where /proc shows that it is there, and no more. */
  readonly code = 'EPERM'

  constructor(pid: number) {
    super(`PID ${pid} runs, and /proc does not show it to this user`)
  }
}
