/** What all reads have in common: whose view decides, what a failure says, and how much a request may pass over. */

import type { View } from '../../lib/mib/view.ts'
import type { WalkRules } from '../../lib/mib/walk.ts'
import type { ErrorStatus } from '../../lib/smi/error-status.ts'

export interface ReadRules extends WalkRules {
  readonly view: View
  /** SNMPv1 has no Counter64 and no exceptions: RFC 3584 §4.2. */
  readonly isV1: boolean
  /** Where the varbinds must end, in octets of the whole message. */
  readonly limit: number
}

/** Not an exception type: what a read came to when it is not simply written. */
export interface ReadFailure {
  readonly status: ErrorStatus
  readonly position: number
}

export const tooBig: ReadFailure = { status: 'tooBig', position: 0 }

/**
 * Objects and instances that one request may pass over before it is ended (20 ms or so): with thousands of names in one
 * message, each of them may lie before as many rows that its view hides. The first search of a request is not bounded, so
 * that a walk name by name comes to its end.
 */
export const passedAtMost = 50_000

/** RFC 3416 §4.2.1, §4.2.2: "if the processing of any variable binding fails for a reason other than listed above". */
export const overworked = (position: number): ReadFailure => ({ status: 'genErr', position })
