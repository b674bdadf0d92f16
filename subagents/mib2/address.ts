/** Internet addresses as the kernel prints them and as the tables have them (RFC 4001). */
import { endianness } from 'node:os'
import type { Oid } from '../../lib/smi/oid.ts'

export interface InetAddress {
  readonly type: 'unknown' | 'ipv4' | 'ipv6' | 'ipv6z'
  readonly octets: Uint8Array
}

/** `0100007F`, words of the machine's byte order, as /proc/net/tcp, udp and route have them. */
export function parseWords(hex: string): Uint8Array {
  if (endianness() === 'BE') return parseOctets(hex)
  const octets = new Uint8Array(hex.length >> 1)
  for (let at = 0; at < octets.length; at++) {
    const word = at & ~3
    const from = (word + 3 - (at & 3)) * 2
    octets[at] = Number.parseInt(hex.slice(from, from + 2), 16)
  }
  return octets
}

/** `fe80...`, 32 digits in network order, as /proc/net/if_inet6 and ipv6_route have them. */
export function parseOctets(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length >> 1 }, (_, at) => Number.parseInt(hex.slice(at * 2, at * 2 + 2), 16))
}

/** `192.0.2.1`; undefined for anything else. */
export function parseDotted(text: string): Uint8Array | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined
  const octets = text.split('.').map(Number)
  return octets.every((octet) => octet < 256) ? Uint8Array.from(octets) : undefined
}

export const dotted = (octets: Uint8Array): string => octets.join('.')

/** fe80::/10 and multicast: what says something only together with a link. */
export function isLinkScoped(octets: Uint8Array): boolean {
  const [first, second = 0] = octets
  return octets.length === 16 && ((first === 0xfe && (second & 0xc0) === 0x80) || first === 0xff)
}

/** RFC 4001: an address that belongs to a link is named with that link, its ifIndex as the zone. */
export function inetAddressOf(octets: Uint8Array, ifIndex: number): InetAddress {
  if (octets.length === 4) return { type: 'ipv4', octets }
  return isLinkScoped(octets) && ifIndex > 0
    ? { type: 'ipv6z', octets: Uint8Array.of(...octets, ...zone(ifIndex)) }
    : { type: 'ipv6', octets }
}

/** An IPv6 socket that talks IPv4 has ::ffff:0:0/96 before its address (RFC 4291 §2.5.5.2): on the wire it is IPv4. */
export function withoutMapping(octets: Uint8Array): Uint8Array {
  if (octets.length !== 16 || octets[10] !== 0xff || octets[11] !== 0xff) return octets
  for (let at = 0; at < 10; at++) if (octets[at] !== 0) return octets
  return octets.subarray(12)
}

/** The network part of an address. */
export function networkOf(octets: Uint8Array, prefixLength: number): Uint8Array {
  return octets.map((octet, at) => octet & (0xff00 >> Math.min(8, Math.max(0, prefixLength - at * 8))))
}

export const sameOctets = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

/** 255.255.255.0 for 24. */
export const maskOf = (prefixLength: number): string =>
  dotted(networkOf(Uint8Array.of(255, 255, 255, 255), prefixLength))

/** The sub-identifiers of an index part of type InetAddress: its length, then its octets. */
export const instanceOfAddress = ({ octets }: InetAddress): Oid => [octets.length, ...octets]

function zone(ifIndex: number): number[] {
  return [ifIndex >>> 24, (ifIndex >>> 16) & 0xff, (ifIndex >>> 8) & 0xff, ifIndex & 0xff]
}
