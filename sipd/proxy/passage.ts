/** What one request may do on its way out. */
import type { Hop } from '../message/hop.ts'

/** A status, and why in words for the log. */
export interface Refusal {
  readonly status: number
  readonly why: string
}

export interface Passage {
  /** It goes anywhere: to contacts of a 3xx in other domains, too. */
  readonly isUnbounded: boolean
  /** Undefined when it may go to this hop. `isBound`: sipd.conf named the hop, or it registered itself from there. */
  refusal(hop: Hop, isBound: boolean): Refusal | undefined
}

/** Of a request that nobody has let pass. */
export const nowhere: Passage = {
  isUnbounded: false,
  refusal: () => ({ status: 403, why: 'the request is not to be passed on' }),
}
