/** The first fields of a scoped PDU: what a Report needs of a message that goes no further (RFC 3412 §7.1.3). */
import { DecodeError } from '../../lib/ber/decode-error.ts'
import { BerReader } from '../../lib/ber/reader.ts'
import { tag } from '../../lib/ber/tags.ts'
import { pduTag } from './pdu.ts'

export interface PduHead {
  readonly isConfirmed: boolean
  readonly requestId: number
}

/** RFC 3411 §2.8, the Confirmed Class: PDUs that somebody waits for an answer to. */
const confirmed = new Set<number>([
  pduTag.getRequest,
  pduTag.getNextRequest,
  pduTag.getBulkRequest,
  pduTag.setRequest,
  pduTag.informRequest,
])

/** The head of a PDU at which the reader stands; the reader moves on. */
export function readPduHead(reader: BerReader): PduHead {
  const pduType = reader.peekTag()
  reader.enter(pduType)
  return { isConfirmed: confirmed.has(pduType), requestId: reader.integer32() }
}

/** The head within a scoped PDU that is not encrypted; undefined when it cannot be read. */
export function headOfScopedPdu(scopedPdu: Uint8Array): PduHead | undefined {
  const reader = new BerReader().reset(scopedPdu)
  try {
    reader.enter(tag.sequence)
    reader.view() // contextEngineID and contextName
    reader.view()
    return readPduHead(reader)
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}
