/** The end of a process group whose leader has ended. */
import { isPid } from '../../../lib/proc/pid.ts'
import { readProcess } from '../../../lib/proc/process.ts'

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
