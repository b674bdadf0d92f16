/** Routes as /proc/net/route and /proc/net/ipv6_route list them. */
import type { Octets } from '../../lib/octets.ts'
import { parseOctets, parseWords } from './address.ts'
import { linesOf } from './lines.ts'

export interface Route {
  readonly destination: Uint8Array
  readonly prefixLength: number
  /** All zero when the destination is on the link. */
  readonly gateway: Uint8Array
  readonly link: Octets
  readonly metric: number
  readonly isReject: boolean
  /** By an ICMP redirect. */
  readonly isDynamic: boolean
  /** From a router advertisement. */
  readonly isAdvertised: boolean
}

/** Flags of include/uapi/linux/route.h and ipv6_route.h. */
const rejectFlag = 0x200
const dynamicFlag = 0x10
const advertisedFlag = 0x4_0000
const anycastFlag = 0x10_0000
const cacheFlag = 0x100_0000
const localFlag = 0x8000_0000

/** IPv4: the main table, the first next hop of each route. One by one, as they may be many. */
export function* parseRoutes4(text: string): Generator<Route> {
  for (const line of linesOf(text)) {
    const [link = '', destination = '', gateway = '', flagsHex = '', , , metric = '', mask = ''] = line.split('\t')
    if (!isWord(destination) || !isWord(gateway) || !isWord(mask)) continue
    const flags = Number.parseInt(flagsHex, 16)
    yield {
      destination: parseWords(destination),
      prefixLength: parseWords(mask).reduce((bits, octet) => bits + bitsIn(octet), 0),
      gateway: parseWords(gateway),
      link: link.trim(),
      metric: Number(metric),
      isReject: (flags & rejectFlag) !== 0,
      isDynamic: (flags & dynamicFlag) !== 0,
      isAdvertised: false,
    }
  }
}

/**
 * IPv6: destination, its prefix length, source, its prefix length, next hop, metric, references, use, flags, link. The
 * kernel lists all tables; without the host's own addresses, multicast and the entry that ends a table, it is the main one.
 */
export function* parseRoutes6(text: string): Generator<Route> {
  for (const line of linesOf(text)) {
    const [destination = '', length = '', , , gateway = '', metricHex = '', , , flagsHex = '', link = ''] = line
      .trim()
      .split(/\s+/)
    if (!/^[0-9a-f]{32}$/.test(destination) || !/^[0-9a-f]{32}$/.test(gateway) || link === '') continue
    const flags = Number.parseInt(flagsHex, 16)
    const metric = Number.parseInt(metricHex, 16)
    const isTableEnd = (flags & rejectFlag) !== 0 && metric === 0xffff_ffff
    const isOwn = (flags & (localFlag | anycastFlag | cacheFlag)) !== 0
    if (isOwn || isTableEnd || (destination.startsWith('ff00') && length === '08')) continue
    yield {
      destination: parseOctets(destination),
      prefixLength: Number.parseInt(length, 16),
      gateway: parseOctets(gateway),
      link,
      metric,
      isReject: (flags & rejectFlag) !== 0,
      isDynamic: (flags & dynamicFlag) !== 0,
      isAdvertised: (flags & advertisedFlag) !== 0,
    }
  }
}

const isWord = (hex: string): boolean => /^[0-9A-F]{8}$/.test(hex)
export const isOnLink = ({ gateway }: Route): boolean => gateway.every((octet) => octet === 0)
export const isDefault = ({ prefixLength, isReject }: Route): boolean => prefixLength === 0 && !isReject

function bitsIn(octet: number): number {
  let bits = 0
  for (let rest = octet; rest !== 0; rest &= rest - 1) bits++
  return bits
}
