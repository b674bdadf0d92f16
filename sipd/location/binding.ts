/** One contact of an address-of-record, RFC 3261 §10, and what changes of them look like. */

export interface Binding {
  /** URI as it was registered. */
  readonly contact: string
  readonly callId: string
  readonly cseq: number
  /** Thousandths, 0..1000; 1000 when none was given. */
  readonly q: number
  /** On LocationStore.nowMs in memory, on the wall clock in the file; Infinity for a static registration. */
  readonly expiresAtMs: number
  /** Where the REGISTER came from when the contact cannot be reached itself, a phone behind NAT; opaque here. */
  readonly flow: string | undefined
  /** RFC 3327, the topmost first. */
  readonly path: readonly string[]
  readonly userAgent: string
  /** Which phone it is, and which of its flows (sipd/registrar/instance.ts); empty when it does not say. */
  readonly instance: string
  /** What the phone can do (RFC 3840): parameters of its Contact as they were written; empty when it says nothing. */
  readonly features: string
  /** Who registered it, as Share.source: whose share of memory it counts in. Empty when nobody knows any more. */
  readonly source: string
}

/** All that an address-of-record is bound to from now on; nothing when it was removed. */
export type Change = readonly [addressOfRecord: string, bindings: readonly Binding[]]

/**
 * `isRefresh`: the contacts are those of before, so that nothing has to be taken away. The bindings are the kept ones, and
 * a later refresh changes them.
 */
export type ChangeListener = (addressOfRecord: string, bindings: readonly Binding[], isRefresh: boolean) => void

export function isStatic(binding: Binding): boolean {
  return binding.expiresAtMs === Number.POSITIVE_INFINITY
}

/**
 * For sort: q descending, then the one refreshed last. Expiry stands for the time of the refresh, so that the order
 * is the same after a restart and in every process; a static registration counts as the oldest.
 */
export function byPreference(a: Binding, b: Binding): number {
  if (a.q !== b.q) return b.q - a.q
  if (isStatic(a) || isStatic(b)) return Number(isStatic(a)) - Number(isStatic(b))
  return b.expiresAtMs - a.expiresAtMs
}
