/** The location service as proxy and registrar see it, RFC 3261 §10. */
import type { Binding } from './binding.ts'

export interface LocationStore {
  /** The time that `expiresAtMs` is on: nobody sets it, whatever becomes of the wall clock. */
  nowMs(): number
  /** Addresses-of-record that have bindings; one that expired counts until it is taken out. */
  readonly users: number
  readonly bindings: number
  /** Those not expired: q descending, then the latest first. They are the kept ones, and a later refresh changes them. */
  find(addressOfRecord: string): readonly Binding[]
  /**
   * Puts the whole record; an empty one removes it. Static registrations among the bindings are passed over: they are
   * neither put nor removed here, so that what `find` gave may be given back with a change.
   */
  replace(addressOfRecord: string, bindings: readonly Binding[]): void
  all(): IterableIterator<[string, readonly Binding[]]>
}
