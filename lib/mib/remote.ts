/** What dispatch asks of a part of the tree that is served elsewhere; AgentX is what does it. */

import type { Oid } from '../smi/oid.ts'
import type { Principal } from '../smi/principal.ts'
import type { Varbind } from '../smi/value.ts'
import type { SetPart } from './backend.ts'
import type { SetVarbind } from './set.ts'

/** Names from `start` (itself only when included) up to and without `end`. */
export interface NameRange {
  readonly start: Oid
  readonly include: boolean
  readonly end: Oid
}

/**
 * The backend ended before it answered. A read is asked again of the backend that has the region by then; a SET is an
 * error, since nobody knows how far it came.
 */
export class BackendGone extends Error {}

/**
 * Each read rejects with BackendGone when the backend ends meanwhile, and with another Error when there is no usable
 * answer within the time: that one is genErr to the manager.
 */
export interface RemoteBackend {
  readonly name: string
  get(names: readonly Oid[], timeoutMs: number): Promise<readonly Varbind[]>
  /** The first instance of each range; endOfMibView where it has none. */
  getNext(ranges: readonly NameRange[], timeoutMs: number): Promise<readonly Varbind[]>
  /** For the first `nonRepeaters` ranges one instance; for the others up to so many, round by round. */
  getBulk(
    ranges: readonly NameRange[],
    nonRepeaters: number,
    maxRepetitions: number,
    timeoutMs: number,
  ): Promise<readonly Varbind[]>
  /** Each step of the SET waits so long at most; of the session without it. */
  prepareSet(varbinds: readonly SetVarbind[], requester?: Principal, timeoutMs?: number): SetPart
}
