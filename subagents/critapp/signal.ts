/** Signals to supervised processes: to whole groups where they may, and never to a reused PID. */
import { isPid } from '../../lib/proc/pid.ts'
import { type ProcessIdentity, readProcess } from '../../lib/proc/process.ts'
import { sendSignalToGroup } from '../../lib/proc/signal.ts'

/**
 * To the whole group where the process leads one, to it alone otherwise. Without an identity the PID is a child's own,
 * which is not reused while it is waited for. Throws what kill(2) refuses, such as EPERM, and where /proc cannot be read.
 */
export function signalProcess(pid: number, identity: ProcessIdentity | undefined, signal: NodeJS.Signals): void {
  const target = identity ?? readProcess(pid)
  if (target) sendSignalToGroup(target, signal)
}

/**
 * Workers that outlived their parent hold its ports, and would keep the next one from starting. Throws where /proc cannot be
 * read: nobody knows then whose the group is.
 */
export function killGroup(groupId: number): void {
  // A number is given to a new process only when its group is empty: who has it now is a stranger. Group 1 would be everybody.
  if (!isPid(groupId) || groupId === 1 || readProcess(groupId)) return
  try {
    process.kill(-groupId, 'SIGKILL')
  } catch {
    // ESRCH: nothing is left of it, as it should be
  }
}
