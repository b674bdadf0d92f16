/** Keep-alives by STUN (RFC 5626 §3.5.2, RFC 5389): a Binding request gets the address that it came from, and so learns what NAT makes of it. */
import { addressOctets, withoutZone } from '../../lib/net/address.ts'
import type { Hop } from '../message/hop.ts'

const headOctets = 20
const magicCookie = 0x2112a442
const bindingRequest = 0x0001
const bindingSuccess = 0x0101
const bindingError = 0x0111
const xorMappedAddress = 0x0020
const errorCode = 0x0009
const unknownAttributes = 0x000a
/** Attributes below have to be understood, or the request is refused (RFC 5389 §7.3.1). */
const firstOptional = 0x8000
/** USERNAME and MESSAGE-INTEGRITY: no keep-alive is proved by them, and none is refused for them (RFC 5626 §8). */
const passedOver: ReadonlySet<number> = new Set([0x0006, 0x0008])
const mostUnknown = 8

/** Of a datagram: no SIP message begins with such an octet (RFC 5389 §6). */
export function isStun(octets: Buffer): boolean {
  return octets.length >= headOctets && (octets[0] ?? 0xff) < 2 && octets.readUInt32BE(4) === magicCookie
}

/** The answer to a Binding request; undefined for anything else, which gets none. */
export function answerStun(octets: Buffer, { address, port }: Pick<Hop, 'address' | 'port'>): Buffer | undefined {
  if (octets.readUInt16BE(0) !== bindingRequest || octets.readUInt16BE(2) !== octets.length - headOctets)
    return undefined
  const unknown = unknownOf(octets)
  if (!unknown) return undefined
  if (unknown.length > 0)
    return response(octets, bindingError, [
      attribute(errorCode, Buffer.concat([Buffer.from([0, 0, 4, 20]), Buffer.from('Unknown Attribute')])),
      attribute(unknownAttributes, words(unknown)),
    ])
  const own = addressOctets(withoutZone(address))
  if (!own) return undefined
  const value = Buffer.concat([Buffer.from([0, own.length === 4 ? 1 : 2]), words([port ^ (magicCookie >>> 16)]), own])
  // §15.2: by the cookie and, for IPv6, the transaction after it, so that no NAT takes it for an address to rewrite.
  for (let at = 0; at < own.length; at++) value[4 + at] = (own[at] ?? 0) ^ (octets[4 + at] ?? 0)
  return response(octets, bindingSuccess, [attribute(xorMappedAddress, value)])
}

/** Attributes that would have to be understood; undefined where they do not fill the request. */
function unknownOf(octets: Buffer): number[] | undefined {
  const unknown: number[] = []
  let at = headOctets
  while (at + 4 <= octets.length) {
    const type = octets.readUInt16BE(at)
    at += 4 + padded(octets.readUInt16BE(at + 2))
    if (type < firstOptional && !passedOver.has(type) && unknown.length < mostUnknown) unknown.push(type)
  }
  return at === octets.length ? unknown : undefined
}

function response(request: Buffer, type: number, attributes: readonly Buffer[]): Buffer {
  const body = Buffer.concat(attributes)
  return Buffer.concat([words([type, body.length]), request.subarray(4, headOctets), body])
}

function attribute(type: number, value: Uint8Array): Buffer {
  return Buffer.concat([words([type, value.length]), value, Buffer.alloc(padded(value.length) - value.length)])
}

function words(values: readonly number[]): Buffer {
  const octets = Buffer.alloc(2 * values.length)
  for (const [i, value] of values.entries()) octets.writeUInt16BE(value, 2 * i)
  return octets
}

function padded(length: number): number {
  return (length + 3) & ~3
}
