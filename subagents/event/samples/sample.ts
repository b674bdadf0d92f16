/** One sample as it is kept: of which trigger and instance, when, and what was found. */
import type { Oid } from '../../../lib/smi/oid.ts'
import type { SnmpValue } from '../../../lib/smi/value.ts'

/** What the samples of one instance have in common; the same object for all of them, as far as a reader knows. */
export interface SampledInstance {
  /** mteOwner and mteTriggerName; both empty where samples come from elsewhere. */
  readonly owner: string
  readonly name: string
  readonly oid: Oid
}

export interface Sample {
  readonly of: SampledInstance
  /** By the wall clock. */
  readonly timeMs: number
  /** When the agent that took it began: no difference is taken to a sample of an earlier one. */
  readonly runMs: number
  /** Hundredths of a second since then, by a clock that only grows. */
  readonly upTimeTicks: number
  readonly value: SnmpValue | 'absent'
  /** mteTriggerDeltaDiscontinuityID's, of triggers that name one. */
  readonly discontinuity?: SnmpValue | undefined
}
