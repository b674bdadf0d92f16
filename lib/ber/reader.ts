/** Strict BER reading by offset: definite lengths, child within parent, integer widths (RFC 3417 §8). */
import { maxSubIdentifier, maxSubIdentifiers, type Oid } from '../smi/oid.ts'
import type { SnmpValue } from '../smi/value.ts'
import { copyOf } from './copy.ts'
import { DecodeError } from './decode-error.ts'
import { tag } from './tags.ts'

/** Reused from datagram to datagram; `position` is the next octet, `limit` the end of the innermost open element. */
export class BerReader {
  bytes: Uint8Array = new Uint8Array(0)
  position = 0
  limit = 0
  /**
   * Numbers are taken as Net-SNMP takes them: one without the leading zero octet that its high bit needs, or with octets
   * to spare. For what asks and listens; who answers stays strict.
   */
  isLenient = false

  reset(bytes: Uint8Array, from = 0, to = bytes.length): this {
    this.bytes = bytes
    this.position = from
    this.limit = to
    return this
  }

  peekTag(): number {
    if (this.position >= this.limit) this.fail('an element is missing')
    return this.bytes[this.position]!
  }

  /** Reads the header of an element that must have this tag; gives the end of its content, position at its start. */
  header(expectedTag: number): number {
    if (this.peekTag() !== expectedTag) {
      this.fail(`tag 0x${expectedTag.toString(16)} is due, not 0x${this.peekTag().toString(16)}`)
    }
    return this.anyHeader()
  }

  /** Reads a header of whatever tag. */
  anyHeader(): number {
    this.position++
    if (this.position >= this.limit) this.fail('a length is missing')
    let length = this.bytes[this.position++]!
    if (length >= 0x80) {
      const octets = length & 0x7f
      if (octets === 0) this.fail('indefinite lengths are not for SNMP')
      if (octets > 4 || this.position + octets > this.limit) this.fail('a length is longer than its message')
      length = 0
      for (let i = 0; i < octets; i++) length = length * 256 + this.bytes[this.position++]!
    }
    const end = this.position + length
    if (end > this.limit) this.fail('an element ends after its parent')
    return end
  }

  /** Opens a constructed element: from here `limit` is its end. Gives the parent's limit, for `leave`. */
  enter(expectedTag: number): number {
    const end = this.header(expectedTag)
    const parentLimit = this.limit
    this.limit = end
    return parentLimit
  }

  /** Closes what `enter` opened; all of it must have been read. */
  leave(parentLimit: number): void {
    if (this.position !== this.limit) this.fail('an element has octets left over')
    this.limit = parentLimit
  }

  /** An INTEGER of 32 bits, in one to four octets. */
  integer32(expectedTag: number = tag.integer): number {
    const end = this.header(expectedTag)
    const length = end - this.position
    if (this.isLenient) return Number(BigInt.asIntN(32, this.#wideInteger(end)))
    if (length < 1 || length > 4) this.fail('an INTEGER has 1 to 4 octets')
    let value = (this.bytes[this.position++]! << 24) >> 24
    while (this.position < end) value = (value << 8) | this.bytes[this.position++]!
    return value
  }

  /** An unsigned number of 32 bits: up to five octets, the fifth being the sign's zero. */
  unsigned32(expectedTag: number): number {
    const end = this.header(expectedTag)
    const length = end - this.position
    if (this.isLenient) return Number(BigInt.asUintN(32, this.#wideInteger(end)))
    if (length < 1 || length > 5) this.fail('an unsigned number has 1 to 5 octets')
    if (this.bytes[this.position]! >= 0x80) this.fail('an unsigned number is negative')
    if (length === 5 && this.bytes[this.position] !== 0) this.fail('an unsigned number exceeds 32 bits')
    let value = 0
    while (this.position < end) value = value * 256 + this.bytes[this.position++]!
    return value
  }

  unsigned64(expectedTag: number = tag.counter64): bigint {
    const end = this.header(expectedTag)
    const length = end - this.position
    if (this.isLenient) return BigInt.asUintN(64, this.#wideInteger(end))
    if (length < 1 || length > 9) this.fail('a Counter64 has 1 to 9 octets')
    if (this.bytes[this.position]! >= 0x80) this.fail('a Counter64 is negative')
    if (length === 9 && this.bytes[this.position] !== 0) this.fail('a Counter64 exceeds 64 bits')
    let value = 0n
    while (this.position < end) value = (value << 8n) | BigInt(this.bytes[this.position++]!)
    return value
  }

  /** The octets of a string, copied, so that they outlive the datagram. */
  octets(expectedTag: number = tag.octetString): Uint8Array {
    const end = this.header(expectedTag)
    const value = copyOf(this.bytes, this.position, end)
    this.position = end
    return value
  }

  /** The octets of a string as they lie in the datagram, for those who are done with them before it goes. */
  view(): Uint8Array {
    const end = this.header(tag.octetString)
    const value = this.bytes.subarray(this.position, end)
    this.position = end
    return value
  }

  /** A string of UTF-8. */
  text(): string {
    const end = this.header(tag.octetString)
    const { bytes } = this
    const octets = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    const value = octets.toString('utf8', this.position, end)
    this.position = end
    return value
  }

  ipAddress(): Uint8Array {
    const value = this.octets(tag.ipAddress)
    if (value.length !== 4) this.fail('an IpAddress has 4 octets')
    return value
  }

  null(expectedTag: number = tag.null): void {
    if (this.header(expectedTag) !== this.position) this.fail('a NULL has no content')
  }

  /** Reads a name into `into` from index `at` on; gives the number of its sub-identifiers. */
  oidInto(into: Uint32Array, at: number): number {
    const end = this.header(tag.objectIdentifier)
    const bytes = this.bytes
    let position = this.position
    if (position === end) this.fail('an OBJECT IDENTIFIER is empty')
    let next = at
    while (position < end) {
      let octet = bytes[position++]!
      let id = octet & 0x7f
      if (octet >= 0x80) {
        if (id === 0) this.fail('a sub-identifier is padded')
        do {
          if (position >= end) this.fail('a sub-identifier is cut off')
          octet = bytes[position++]!
          id = id * 128 + (octet & 0x7f)
          if (id > maxSubIdentifier + 80) this.fail('a sub-identifier exceeds 32 bits')
        } while (octet >= 0x80)
      }
      if (next === at) {
        const first = id < 80 ? (id < 40 ? 0 : 1) : 2
        into[next++] = first
        id -= first * 40
      } else if (next - at >= maxSubIdentifiers) this.fail('a name has more than 128 sub-identifiers')
      if (id > maxSubIdentifier) this.fail('a sub-identifier exceeds 32 bits')
      into[next++] = id
    }
    this.position = position
    return next - at
  }

  oid(): Oid {
    return Array.from(scratch.subarray(0, this.oidInto(scratch, 0)))
  }

  /** Any value that a varbind may carry, exceptions included. */
  value(): SnmpValue {
    const found = this.peekTag()
    switch (found) {
      case tag.integer:
        return { type: 'Integer32', value: this.integer32() }
      case tag.octetString:
        return { type: 'OctetString', value: this.octets() }
      case tag.null:
        this.null()
        return { type: 'Null' }
      case tag.objectIdentifier:
        return { type: 'ObjectIdentifier', value: this.oid() }
      case tag.ipAddress:
        return { type: 'IpAddress', value: this.ipAddress() }
      case tag.counter32:
        return { type: 'Counter32', value: this.unsigned32(found) }
      case tag.gauge32:
        return { type: 'Gauge32', value: this.unsigned32(found) }
      case tag.timeTicks:
        return { type: 'TimeTicks', value: this.unsigned32(found) }
      case tag.opaque:
        return { type: 'Opaque', value: this.octets(tag.opaque) }
      case tag.counter64:
        return { type: 'Counter64', value: this.unsigned64() }
      case tag.noSuchObject:
        this.null(found)
        return { type: 'noSuchObject' }
      case tag.noSuchInstance:
        this.null(found)
        return { type: 'noSuchInstance' }
      case tag.endOfMibView:
        this.null(found)
        return { type: 'endOfMibView' }
      default:
        return this.fail(`0x${found.toString(16)} is not the tag of a value`)
    }
  }

  /** A number of 1 to 9 octets in two's complement, of which a type takes the low bits. */
  #wideInteger(end: number): bigint {
    const length = end - this.position
    if (length < 1 || length > 9) this.fail('a number has 1 to 9 octets')
    let value = 0n
    while (this.position < end) value = (value << 8n) | BigInt(this.bytes[this.position++]!)
    return BigInt.asIntN(8 * length, value)
  }

  fail(message: string): never {
    throw new DecodeError(message, this.position)
  }
}

const scratch = new Uint32Array(maxSubIdentifiers + 2)
