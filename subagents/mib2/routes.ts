/** Routes as /proc/net/route and /proc/net/ipv6_route list them, line by line and without a string for each field. */
import { endianness } from 'node:os'
import type { RouteRecords } from './route-records.ts'

/** Flags of include/uapi/linux/route.h and ipv6_route.h. */
const gatewayFlag = 0x2
const dynamicFlag = 0x10
const rejectFlag = 0x200
const advertisedFlag = 0x4_0000
const anycastFlag = 0x10_0000
const cacheFlag = 0x100_0000
const localFlag = 0x8000_0000

const none4 = new Uint8Array(4)
const none6 = new Uint8Array(16)
const tab = 0x09
const blank = 0x20

export type IndexOf = (link: string) => number

/**
 * A line of /proc/net/route: link, destination, gateway, flags, references, use, metric, mask. The file lists the main table, of a
 * multipath route the first next hop, and no TOS. What is not of the form, such as the heading, is left out.
 */
export function addRoute4(line: Buffer, indexOf: IndexOf, routes: RouteRecords): void {
  const fields = fieldsOf(line, tab)
  const at = (field: number): number => hexAt(line, fields[field]!, fields[field + 1]! - 1)
  if (fields.length < 9) return
  const [destination, gateway, flags, mask] = [at(1), at(2), at(3), at(7)]
  if (destination < 0 || gateway < 0 || flags < 0 || mask < 0) return
  routes.add({
    destination: wordOctets(destination),
    prefixLength: bitsIn(mask),
    gateway: gateway === 0 ? none4 : wordOctets(gateway),
    ifIndex: indexOf(line.toString('latin1', 0, fields[1]! - 1).trim()),
    metric: Number(line.toString('latin1', fields[6]!, fields[7]! - 1)) >>> 0,
    isReject: (flags & rejectFlag) !== 0,
    isDynamic: (flags & dynamicFlag) !== 0,
    isAdvertised: false,
    hasGateway: gateway !== 0 || (flags & gatewayFlag) !== 0,
  })
}

/**
 * A line of /proc/net/ipv6_route: destination, its prefix length, source, its prefix length, next hop, metric, references, use,
 * flags, link. The kernel lists all tables; without the host's own addresses, multicast and the entry that ends a table, it is the
 * main one.
 */
export function addRoute6(line: Buffer, indexOf: IndexOf, routes: RouteRecords): void {
  const fields = fieldsOf(line, blank)
  if (fields.length < 11 || fields[1] !== 33) return
  const at = (field: number): number => hexAt(line, fields[field]!, line.indexOf(blank, fields[field]))
  const [prefixLength, metric, flags] = [at(1), at(5), at(8)]
  const destination = hexOctets(line, 0)
  const gateway = hexOctets(line, fields[4]!)
  if (prefixLength < 0 || metric < 0 || flags < 0 || !destination || !gateway) return
  const isReject = (flags & rejectFlag) !== 0
  if (isReject && metric === 0xffff_ffff) return
  if ((flags & (localFlag | anycastFlag | cacheFlag)) !== 0) return
  if (destination[0] === 0xff && destination[1] === 0 && prefixLength === 8) return
  const hasGateway = gateway.some((octet) => octet !== 0)
  routes.add({
    destination,
    prefixLength,
    gateway: hasGateway ? gateway : none6,
    ifIndex: indexOf(line.toString('latin1', fields[9]!, fields[10]!).trim()),
    metric,
    isReject,
    isDynamic: (flags & dynamicFlag) !== 0,
    isAdvertised: (flags & advertisedFlag) !== 0,
    hasGateway,
  })
}

/** Where each field begins; several separators are one. The last is the end of the line, and one behind it. */
function fieldsOf(line: Buffer, separator: number): number[] {
  const starts = [0]
  for (let at = line.indexOf(separator); at >= 0; at = line.indexOf(separator, at)) {
    while (line[at] === separator) at++
    if (at < line.length) starts.push(at)
  }
  starts.push(line.length + 1)
  return starts
}

/** -1 for what is no hexadecimal number. */
function hexAt(line: Buffer, from: number, to: number): number {
  let value = 0
  for (let at = from; at < to; at++) {
    const digit = digitOf(line[at]!)
    if (digit < 0) return -1
    value = value * 16 + digit
  }
  return to > from && to - from <= 8 ? value : -1
}

function hexOctets(line: Buffer, from: number): Uint8Array | undefined {
  const octets = new Uint8Array(16)
  for (let at = 0; at < 16; at++) {
    const [high, low] = [digitOf(line[from + 2 * at]!), digitOf(line[from + 2 * at + 1]!)]
    if (high < 0 || low < 0) return undefined
    octets[at] = high * 16 + low
  }
  return octets
}

function digitOf(character: number): number {
  if (character >= 0x30 && character <= 0x39) return character - 0x30
  const letter = character | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

const isLittleEndian = endianness() === 'LE'

/** The kernel prints an address as a number of the machine's own byte order. */
function wordOctets(word: number): Uint8Array {
  const octets = Uint8Array.of(word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff)
  return isLittleEndian ? octets.reverse() : octets
}

function bitsIn(word: number): number {
  let bits = 0
  for (let rest = word; rest !== 0; rest &= rest - 1) bits++
  return bits
}
