/** A scoped PDU (RFC 3412 §6.8): a PDU and the context that it is about. */
import type { BerReader } from '../../lib/ber/reader.ts'
import { tag } from '../../lib/ber/tags.ts'
import type { BerWriter } from '../../lib/ber/writer.ts'

export interface Context {
  readonly contextEngineId: Uint8Array
  readonly contextName: string
}

/** Begins a scoped PDU at the start of the writer; what it gives is closed when the PDU is written. */
export function openScopedPdu(out: BerWriter, contextEngineId: Uint8Array, contextName: string): number {
  out.position = 0
  const scoped = out.open(tag.sequence)
  out.octets(contextEngineId)
  out.text(contextName)
  return scoped
}

/**
 * Reads the context; the reader then stands at the PDU. What was padded for its cipher may be longer than its sequence; all
 * else must be used up.
 */
export function readContext(reader: BerReader, scopedPdu: Uint8Array, isPadded: boolean): Context {
  reader.reset(scopedPdu)
  const end = reader.header(tag.sequence)
  if (!isPadded && end !== scopedPdu.length) reader.fail('octets follow the scoped PDU')
  reader.limit = end
  const contextEngineId = reader.octets()
  return { contextEngineId, contextName: reader.text() }
}
