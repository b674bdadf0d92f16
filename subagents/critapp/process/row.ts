/** A supervised row as those see it who start, stop and follow its process. */
import type { ProcessIdentity } from '../../../lib/proc/process.ts'
import type { ProgramExit } from '../../../lib/program/exit.ts'
import type { FoundProcesses } from '../observation/find.ts'
import type { KnownProcess } from '../observation/known-process.ts'
import type { SupervisedProcess } from './process.ts'
import type { EventDetails, EventName } from './states.ts'

export interface Row {
  readonly shown: SupervisedProcess
  /** The process that the row means, if it runs, and how many it has. Throws where nobody can tell. */
  search(): FoundProcesses
  /** What must be known of a process before it is the row's. Throws where nobody can tell. */
  identify(identity: ProcessIdentity): KnownProcess
  handle<E extends EventName>(event: E, detail: EventDetails[E]): void
}

/** What is under way for a row, until its state changes or something else begins. */
export interface Activity {
  cancel(): void
  /** The start command ended, which was not the row's process as far as is known. */
  programEnded?(exit: ProgramExit): void
  /** Something has happened that may have brought the process. */
  lookNow?(): void
}
