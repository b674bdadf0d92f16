/** Signals to supervised processes: to whole groups where they may, and never to a reused PID. */
import { type ProcessIdentity, readProcess } from '../../lib/proc/process.ts'

/**
 * To the whole group where the process leads one, to it alone otherwise. Without an identity the PID is a child's own,
 * which is not reused while it is waited for. Throws what kill(2) refuses, such as EPERM.
 */
export function signalProcess(pid: number, identity: ProcessIdentity | undefined, signal: NodeJS.Signals): void {
  const stat = readProcess(pid)
  if (!stat || (identity && stat.startTicks !== identity.startTicks)) return
  process.kill(stat.groupId === stat.pid ? -stat.pid : stat.pid, signal)
}

/** Workers that outlived their parent hold its ports, and would keep the next one from starting. */
export function killGroup(groupId: number): void {
  try {
    // A number is given to a new process only when its group is empty: who has it now is a stranger.
    if (readProcess(groupId)) return
    process.kill(-groupId, 'SIGKILL')
  } catch {
    // ESRCH: nothing is left of it, as it should be; or /proc cannot be read, and nobody knows whose it is
  }
}
