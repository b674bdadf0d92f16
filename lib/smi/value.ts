/** The values of RFC 2578 §2 and RFC 3416 §3: what a varbind may carry. */
import type { Oid } from './oid.ts'

export type SnmpValue =
  | { readonly type: 'Integer32'; readonly value: number }
  | { readonly type: 'Counter32'; readonly value: number }
  | { readonly type: 'Gauge32'; readonly value: number } // and Unsigned32, which has the same tag
  | { readonly type: 'TimeTicks'; readonly value: number }
  | { readonly type: 'Counter64'; readonly value: bigint }
  | { readonly type: 'OctetString'; readonly value: Uint8Array }
  | { readonly type: 'ObjectIdentifier'; readonly value: Oid }
  | { readonly type: 'IpAddress'; readonly value: Uint8Array }
  | { readonly type: 'Opaque'; readonly value: Uint8Array }
  | { readonly type: 'Null' }
  | { readonly type: SnmpException }

export type SnmpException = 'noSuchObject' | 'noSuchInstance' | 'endOfMibView'
export type SmiBase = Exclude<SnmpValue['type'], SnmpException | 'Null'>

export interface Varbind {
  readonly name: Oid
  readonly value: SnmpValue
}

/** A varbind of a SET. */
export interface SetVarbind extends Varbind {
  /** Its place in the PDU, from 1: what error-index will say. */
  readonly position: number
}

export const nullValue: SnmpValue = { type: 'Null' }

export function isException(value: SnmpValue): value is { readonly type: SnmpException } {
  return value.type === 'noSuchObject' || value.type === 'noSuchInstance' || value.type === 'endOfMibView'
}
