/** How large an SNMPv3 message becomes around its scoped PDU, as writeV3 writes it. */
import { headerLength } from '../../lib/ber/writer.ts'
import type { OutgoingV3 } from './v3-message.ts'

export interface V3Envelope extends Pick<OutgoingV3, 'msgId' | 'msgMaxSize' | 'boots' | 'time' | 'digestLength'> {
  readonly engineIdLength: number
  readonly userNameLength: number
  /** Octets of the salt; 0 without privacy. */
  readonly privParametersLength: number
  /** An encrypted PDU is padded to a multiple of this; 1 for a stream cipher, 0 for no encryption. */
  readonly blockLength: number
}

/** Octets that a scoped PDU may have in a message of at most `messageOctets`; less than 0 when not even the envelope fits. */
export function roomForScopedPdu(envelope: V3Envelope, messageOctets: number): number {
  const { msgId, msgMaxSize, boots, time, blockLength } = envelope
  const header = sequence + integer(msgId) + integer(msgMaxSize) + string(1) + integer(3)
  const { engineIdLength, userNameLength, digestLength, privParametersLength } = envelope
  const strings = string(engineIdLength) + string(userNameLength) + string(digestLength) + string(privParametersLength)
  const security = 2 * sequence + integer(boots) + integer(time) + strings
  const room = messageOctets - sequence - integer(3) - header - security
  if (blockLength === 0) return room
  // An encrypted PDU is an OCTET STRING, whose length takes one to three octets.
  const content = room - 2 < 0x80 ? room - 2 : Math.max(0x7f, room - 3 <= 0xff ? room - 3 : Math.max(0xff, room - 4))
  return content - (content % blockLength)
}

/** A sequence, or the string around one: BerWriter.open gives it a length of three octets. */
const sequence = 4

function integer(value: number): number {
  return value < 0x80 ? 3 : value < 0x8000 ? 4 : value < 0x80_0000 ? 5 : 6
}

function string(length: number): number {
  return length + headerLength(length)
}
