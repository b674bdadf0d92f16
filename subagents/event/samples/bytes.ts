/** Numbers, texts and SNMP values as few octets: a value that is what it was before takes one. */
import type { Oid } from '../../../lib/smi/oid.ts'
import type { SnmpValue } from '../../../lib/smi/value.ts'

/** Of longer strings the beginning is kept. */
export const stringOctetsAtMost = 1024

/** Each value begins with one of these, or with the position of its type after `firstType`. */
const tag = { absent: 0, same: 1, difference: 2 } as const
/** Set in the first octet where the discontinuity object's value follows. */
const hasMore = 0x80
const firstType = 8
const types = [
  'Integer32',
  'Counter32',
  'Gauge32',
  'TimeTicks',
  'Counter64',
  'OctetString',
  'ObjectIdentifier',
  'IpAddress',
  'Opaque',
] as const
type Kept = Extract<SnmpValue, { readonly type: (typeof types)[number] }>

export class ByteWriter {
  #octets = Buffer.allocUnsafe(4096)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** What was put so far; the next put may write over it. */
  bytes(): Buffer {
    return this.#octets.subarray(0, this.#length)
  }

  clear(): void {
    this.#length = 0
  }

  octet(value: number): void {
    this.#room(1)
    this.#octets[this.#length++] = value
  }

  double(value: number): void {
    this.#room(8)
    this.#length = this.#octets.writeDoubleBE(value, this.#length)
  }

  /** A whole number from 0 to 2^53, seven bits to an octet, the lowest first. */
  count(value: number): void {
    this.#room(8)
    let rest = value
    while (rest >= 0x80) {
      this.#octets[this.#length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#octets[this.#length++] = rest
  }

  /** Of either sign, within 2^52: those near 0 are short. */
  signed(value: number): void {
    this.count(value < 0 ? -2 * value - 1 : 2 * value)
  }

  octets(value: Uint8Array): void {
    this.count(value.length)
    this.#room(value.length)
    this.#octets.set(value, this.#length)
    this.#length += value.length
  }

  text(value: string): void {
    this.octets(Buffer.from(value))
  }

  oid(value: Oid): void {
    this.count(value.length)
    for (const subIdentifier of value) this.count(subIdentifier)
  }

  /** `before` is the last value that was put of the same object, and not `absent`. */
  value(before: SnmpValue | undefined, value: SnmpValue | 'absent', isMoreComing = false): void {
    const more = isMoreComing ? hasMore : 0
    if (value === 'absent' || !isKept(value)) return this.octet(tag.absent | more)
    const difference = before && shortDifference(before, value)
    if (difference === 0) return this.octet(tag.same | more)
    if (difference !== undefined) {
      this.octet(tag.difference | more)
      return this.signed(difference)
    }
    this.octet((firstType + types.indexOf(value.type)) | more)
    switch (value.type) {
      case 'Counter64':
        this.count(Number(value.value >> 32n))
        return this.count(Number(value.value & 0xffff_ffffn))
      case 'ObjectIdentifier':
        return this.oid(value.value)
      case 'OctetString':
      case 'IpAddress':
      case 'Opaque':
        return this.octets(value.value.subarray(0, stringOctetsAtMost))
      default:
        return this.signed(value.value)
    }
  }

  #room(octets: number): void {
    if (this.#length + octets <= this.#octets.length) return
    const larger = Buffer.allocUnsafe(2 * this.#octets.length + octets)
    larger.set(this.bytes())
    this.#octets = larger
  }
}

/** Throws a RangeError at the end of the octets, and at what no writer puts. */
export class ByteReader {
  readonly #octets: Buffer
  #at = 0

  constructor(octets: Buffer) {
    this.#octets = octets
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#octets.length
  }

  octet(): number {
    return this.#octets.readUInt8(this.#at++)
  }

  double(): number {
    this.#at += 8
    return this.#octets.readDoubleBE(this.#at - 8)
  }

  count(): number {
    let value = 0
    for (let scale = 1; scale <= 2 ** 49; scale *= 0x80) {
      const octet = this.octet()
      value += (octet & 0x7f) * scale
      if (octet < 0x80) return value
    }
    throw new RangeError('a number is longer than eight octets')
  }

  signed(): number {
    const value = this.count()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  octets(): Buffer {
    const length = this.count()
    if (this.#at + length > this.#octets.length) throw new RangeError('a string goes beyond the end')
    this.#at += length
    return this.#octets.subarray(this.#at - length, this.#at)
  }

  text(): string {
    return this.octets().toString()
  }

  oid(): Oid {
    const length = this.count()
    if (length > this.#octets.length - this.#at) throw new RangeError('an object identifier goes beyond the end')
    return Array.from({ length }, () => this.count())
  }

  value(before: SnmpValue | undefined): { readonly value: SnmpValue | 'absent'; readonly isMoreComing: boolean } {
    const first = this.octet()
    return { value: this.#value(first & ~hasMore, before), isMoreComing: (first & hasMore) !== 0 }
  }

  #value(first: number, before: SnmpValue | undefined): SnmpValue | 'absent' {
    if (first === tag.absent) return 'absent'
    if (first === tag.same && before) return before
    if (first === tag.difference && before) return plus(before, this.signed())
    const type = types[first - firstType]
    switch (type) {
      case undefined:
        throw new RangeError(`there is no value that begins with ${first}`)
      case 'Counter64':
        return { type, value: (BigInt(this.count()) << 32n) | BigInt(this.count()) }
      case 'ObjectIdentifier':
        return { type, value: this.oid() }
      case 'OctetString':
      case 'IpAddress':
      case 'Opaque':
        return { type, value: this.octets() }
      default:
        return { type, value: this.signed() }
    }
  }
}

function isKept(value: SnmpValue): value is Kept {
  return types.some((type) => type === value.type)
}

/** 0 for what is the same; undefined where the whole value has to be put. */
function shortDifference(before: SnmpValue, value: Kept): number | undefined {
  if (before.type !== value.type) return undefined
  switch (value.type) {
    case 'Counter64': {
      if (before.type !== value.type) return undefined
      const difference = Number(value.value - before.value)
      return Math.abs(difference) < 2 ** 51 ? difference : undefined
    }
    case 'ObjectIdentifier':
    case 'OctetString':
    case 'IpAddress':
    case 'Opaque': {
      const known = (before as typeof value).value
      const isSame = known.length === value.value.length && value.value.every((one, at) => one === known[at])
      return isSame ? 0 : undefined
    }
    default:
      return value.value - (before as typeof value).value
  }
}

function plus(before: SnmpValue, difference: number): SnmpValue {
  if (before.type === 'Counter64') return { type: before.type, value: before.value + BigInt(difference) }
  if ('value' in before && typeof before.value === 'number')
    return { type: before.type, value: before.value + difference } as SnmpValue
  throw new RangeError(`${before.type} cannot differ by a number`)
}
