/** What dispatch walks over: an object (a column or a scalar) whose instances are at hand, by position. */
import type { BerWriter } from '../ber/writer.ts'
import type { Oid } from '../smi/oid.ts'
import type { SmiBase, SnmpValue } from '../smi/value.ts'

/**
 * What searches passed over without finding anything to answer: empty positions, objects and instances out of view.
 * Whoever bounds the work of a request sets it to 0 before, and looks.
 */
export const search = { passed: 0 }

/** Positions are good until the table changes; -1 says there is none. */
export interface ServedObject {
  /** An object is served here; what is served elsewhere has a region in this place. */
  readonly remote?: undefined
  readonly base: SmiBase | undefined
  /** All its instances are named below this; no object's OID is a prefix of another's. */
  readonly oid: Oid
  /** The table it is a column of; none for a scalar. */
  readonly home?: Oid | undefined
  /** The position of exactly the instance that these sub-identifiers name. */
  find(ids: ArrayLike<number>, from: number, length: number): number
  /** The first instance after the one that these sub-identifiers name or would name. */
  after(ids: ArrayLike<number>, from: number, length: number): number
  /** The first instance at this position or later. */
  next(position: number): number
  /** Writes the whole varbind; false, and nothing written, when it would go past `limit`. */
  write(position: number, out: BerWriter, limit: number): boolean
  /** The value of an instance. */
  valueAt(position: number): SnmpValue
  /** The full name of an instance, for those rare checks that need it. */
  nameOf(position: number): Oid
}
