/** Messages of versions 1 and 2c (RFC 1157 §4, RFC 1901): a community around a PDU. */
import { BerReader } from '../../lib/ber/reader.ts'
import { tag } from '../../lib/ber/tags.ts'
import { BerWriter } from '../../lib/ber/writer.ts'
import { messageVersion, type Pdu, readPdu } from './pdu.ts'

export type CommunityVersion = 'v1' | 'v2c'

export interface CommunityMessage extends Pdu {
  readonly version: CommunityVersion
  readonly community: string
}

export function encodeCommunityMessage(
  version: CommunityVersion,
  community: Uint8Array,
  writePdu: (out: BerWriter) => void,
): Uint8Array {
  const out = new BerWriter(1500)
  const whole = out.open(tag.sequence)
  out.integer32(messageVersion[version])
  out.octets(community)
  writePdu(out)
  out.close(whole)
  return out.take()
}

/** Throws DecodeError for what is no whole v1 or v2c message; see BerReader for what lenient means. */
export function decodeCommunityMessage(bytes: Uint8Array, { isLenient = false } = {}): CommunityMessage {
  const reader = new BerReader().reset(bytes)
  reader.isLenient = isLenient
  const whole = reader.enter(tag.sequence)
  const number = reader.integer32()
  if (number !== messageVersion.v1 && number !== messageVersion.v2c)
    reader.fail(`message version ${number} is not v1 or v2c`)
  const version = number === messageVersion.v1 ? 'v1' : 'v2c'
  const community = Buffer.from(reader.octets()).toString('latin1')
  const pdu = readPdu(reader)
  reader.leave(whole)
  if (reader.position !== bytes.length) reader.fail('octets follow the message')
  return { ...pdu, version, community }
}
