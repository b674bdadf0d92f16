/**
 * BER written forward into one buffer. Constructed elements get a length of three octets that `close` fills in
 * afterwards; nothing is moved and nothing is allocated per element.
 */
import type { SnmpValue } from '../smi/value.ts'
import { copyOf } from './copy.ts'
import { exceptionTag, tag } from './tags.ts'

const eightOctets = new DataView(new ArrayBuffer(8))

export class BerWriter {
  bytes: Buffer
  position = 0

  constructor(capacity = 65_536) {
    this.bytes = Buffer.allocUnsafeSlow(capacity)
  }

  /** A view of what was written; valid until the next write. */
  written(from = 0): Buffer {
    return this.bytes.subarray(from, this.position)
  }

  /** A copy of what was written. */
  take(from = 0): Uint8Array {
    return copyOf(this.bytes, from, this.position)
  }

  /** Makes room for `count` more octets, by moving to a larger buffer when there is none. */
  reserve(count: number): void {
    if (this.position + count <= this.bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.position + count))
    this.bytes.copy(larger, 0, 0, this.position)
    this.bytes = larger
  }

  /** Starts a constructed element; give the result to `close`. */
  open(elementTag: number): number {
    this.reserve(4)
    this.bytes[this.position] = elementTag
    this.bytes[this.position + 1] = 0x82
    this.position += 4
    return this.position
  }

  close(contentStart: number): void {
    const length = this.position - contentStart
    if (length > 0xffff) throw new RangeError(`an element of ${length} octets does not fit in two octets of length`)
    this.bytes[contentStart - 2] = length >> 8
    this.bytes[contentStart - 1] = length & 0xff
  }

  header(elementTag: number, length: number): void {
    this.reserve(length + 6)
    this.bytes[this.position++] = elementTag
    this.length(length)
  }

  length(length: number): void {
    const bytes = this.bytes
    if (length < 0x80) bytes[this.position++] = length
    else if (length <= 0xff) {
      bytes[this.position++] = 0x81
      bytes[this.position++] = length
    } else if (length <= 0xffff) {
      bytes[this.position++] = 0x82
      bytes[this.position++] = length >> 8
      bytes[this.position++] = length & 0xff
    } else {
      bytes[this.position++] = 0x84
      bytes.writeUInt32BE(length, this.position)
      this.position += 4
    }
  }

  /** Octets that are BER already. */
  raw(octets: Uint8Array): void {
    this.reserve(octets.length)
    const { bytes } = this
    let at = this.position
    if (octets.length > 32) bytes.set(octets, at)
    else for (let i = 0; i < octets.length; i++) bytes[at + i] = octets[i]!
    at += octets.length
    this.position = at
  }

  integer32(value: number, elementTag: number = tag.integer): void {
    const length =
      value >= -0x80 && value < 0x80
        ? 1
        : value >= -0x8000 && value < 0x8000
          ? 2
          : value >= -0x80_0000 && value < 0x80_0000
            ? 3
            : 4
    this.header(elementTag, length)
    for (let shift = (length - 1) * 8; shift >= 0; shift -= 8) this.bytes[this.position++] = (value >> shift) & 0xff
  }

  unsigned32(value: number, elementTag: number): void {
    const length = value < 0x80 ? 1 : value < 0x8000 ? 2 : value < 0x80_0000 ? 3 : value < 0x8000_0000 ? 4 : 5
    this.header(elementTag, length)
    if (length === 5) this.bytes[this.position++] = 0
    for (let shift = (Math.min(length, 4) - 1) * 8; shift >= 0; shift -= 8) {
      this.bytes[this.position++] = (value >>> shift) & 0xff
    }
  }

  unsigned64(value: bigint, elementTag: number = tag.counter64): void {
    // Octet by octet, since each step with a BigInt makes another one.
    eightOctets.setBigUint64(0, value)
    let from = 0
    while (from < 7 && eightOctets.getUint8(from) === 0) from++
    const isSigned = eightOctets.getUint8(from) >= 0x80
    this.header(elementTag, 8 - from + (isSigned ? 1 : 0))
    if (isSigned) this.bytes[this.position++] = 0
    for (; from < 8; from++) this.bytes[this.position++] = eightOctets.getUint8(from)
  }

  octets(octets: Uint8Array, elementTag: number = tag.octetString): void {
    this.header(elementTag, octets.length)
    this.raw(octets)
  }

  /** A string in UTF-8. */
  text(text: string): void {
    const length = text === '' ? 0 : Buffer.byteLength(text)
    this.header(tag.octetString, length)
    if (length > 0) this.position += this.bytes.write(text, this.position)
  }

  null(elementTag: number = tag.null): void {
    this.header(elementTag, 0)
  }

  /** A whole OBJECT IDENTIFIER; a single sub-identifier is completed to two, as X.690 §8.19 needs them. */
  oid(ids: ArrayLike<number>): void {
    const length = oidContentLength(ids)
    this.header(tag.objectIdentifier, length)
    this.oidContent(ids)
  }

  oidContent(ids: ArrayLike<number>): void {
    this.subIdentifier((ids[0] ?? 0) * 40 + (ids[1] ?? 0))
    for (let i = 2; i < ids.length; i++) this.subIdentifier(ids[i]!)
  }

  subIdentifier(id: number): void {
    this.reserve(5)
    const { bytes } = this
    if (id >= 0x80) {
      if (id >= 0x1000_0000) bytes[this.position++] = 0x80 | Math.floor(id / 0x1000_0000)
      if (id >= 0x20_0000) bytes[this.position++] = 0x80 | ((id >>> 21) & 0x7f)
      if (id >= 0x4000) bytes[this.position++] = 0x80 | ((id >>> 14) & 0x7f)
      bytes[this.position++] = 0x80 | ((id >>> 7) & 0x7f)
    }
    bytes[this.position++] = id & 0x7f
  }

  /** A whole varbind; its length is of two octets. */
  varbind(name: ArrayLike<number>, value: SnmpValue): void {
    const start = this.open(tag.sequence)
    this.oid(name)
    this.value(value)
    this.close(start)
  }

  value(value: SnmpValue): void {
    switch (value.type) {
      case 'Integer32':
        return this.integer32(value.value)
      case 'Counter32':
        return this.unsigned32(value.value, tag.counter32)
      case 'Gauge32':
        return this.unsigned32(value.value, tag.gauge32)
      case 'TimeTicks':
        return this.unsigned32(value.value, tag.timeTicks)
      case 'Counter64':
        return this.unsigned64(value.value)
      case 'OctetString':
        return this.octets(value.value)
      case 'ObjectIdentifier':
        return this.oid(value.value)
      case 'IpAddress':
        return this.octets(value.value, tag.ipAddress)
      case 'Opaque':
        return this.octets(value.value, tag.opaque)
      case 'Null':
        return this.null()
      default:
        return this.null(exceptionTag[value.type])
    }
  }
}

/** Octets of an element's tag and length, for a content of so many octets, as `header` writes them. */
export function headerLength(contentLength: number): number {
  return contentLength < 0x80 ? 2 : contentLength <= 0xff ? 3 : contentLength <= 0xffff ? 4 : 6
}

/** Octets that sub-identifiers take in BER, the first two joined. */
export function oidContentLength(ids: ArrayLike<number>): number {
  let length = subIdentifierLength((ids[0] ?? 0) * 40 + (ids[1] ?? 0))
  for (let i = 2; i < ids.length; i++) length += subIdentifierLength(ids[i]!)
  return length
}

function subIdentifierLength(id: number): number {
  return id < 0x80 ? 1 : id < 0x4000 ? 2 : id < 0x20_0000 ? 3 : id < 0x1000_0000 ? 4 : 5
}
