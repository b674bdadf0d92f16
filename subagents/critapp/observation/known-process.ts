/** A process that was looked at and is a row's, and what the row remembers of it. */
import type { ProcessIdentity } from '../../../lib/proc/process.ts'

export interface KnownProcess {
  readonly identity: ProcessIdentity
  /** Whether it leads a group of its own. */
  readonly leads: boolean
  /** Whether its PID file named it. */
  readonly hadPidFile: boolean
  /** Its age when it was looked at. */
  readonly aliveMs: number
}
