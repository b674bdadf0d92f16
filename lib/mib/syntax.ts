/** SMIv2 syntaxes as values: how a typed value becomes an SNMP value and back, with every range checked. */

import type { ErrorStatus } from '../smi/error-status.ts'
import { isLabel, type Labels, labelsOf } from '../smi/labels.ts'
import { formatOid, type Oid, parseOid } from '../smi/oid.ts'
import type { SmiBase, SnmpValue } from '../smi/value.ts'
import { readDateAndTime, writeDateAndTime } from './date-and-time.ts'

export type Range = readonly [min: number, max: number]
export type Decoded<T> = { readonly value: T } | { readonly error: ErrorStatus }

export interface Syntax<T> {
  /** The name of the type or textual convention. */
  readonly name: string
  readonly base: SmiBase
  /** Of the value, or of the size in octets for strings. Empty: whatever the base allows. */
  readonly ranges: readonly Range[]
  /** Enumeration labels or BITS positions. */
  readonly named?: Readonly<Record<string, number>>
  /** Octets that people see and type in hexadecimal; or as text, where they mostly are text. */
  readonly notation?: 'hexadecimal' | 'textOrHexadecimal'
  toSnmp(value: T): SnmpValue
  /** RFC 3416 §4.2.5: wrongType, wrongLength, wrongEncoding or wrongValue for what does not fit. */
  fromSnmp(value: SnmpValue): Decoded<T>
  /** For people: `up(1)`, text, dotted names. */
  format(value: T): string
  /** What a person types; undefined when it does not fit. */
  parse(text: string): T | undefined
}

type NumberBase = 'Integer32' | 'Counter32' | 'Gauge32' | 'TimeTicks'

function numeric(name: string, base: NumberBase, min: number, max: number, declared: readonly Range[]): Syntax<number> {
  const checked = (value: number): Decoded<number> =>
    value >= min && value <= max ? { value } : { error: 'wrongValue' }
  return {
    name,
    base,
    ranges: declared,
    toSnmp: (value) => ({ type: base, value }),
    fromSnmp: (value) => (value.type === base ? checked(value.value) : { error: 'wrongType' }),
    format: String,
    parse: (text) => {
      const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN
      return value >= min && value <= max ? value : undefined
    },
  }
}

export function integer32(min = -0x8000_0000, max = 0x7fff_ffff): Syntax<number> {
  return numeric('Integer32', 'Integer32', min, max, min === -0x8000_0000 && max === 0x7fff_ffff ? [] : [[min, max]])
}

export function unsigned32(min = 0, max = 0xffff_ffff): Syntax<number> {
  return numeric('Unsigned32', 'Gauge32', min, max, min === 0 && max === 0xffff_ffff ? [] : [[min, max]])
}

export function gauge32(min = 0, max = 0xffff_ffff): Syntax<number> {
  return numeric('Gauge32', 'Gauge32', min, max, min === 0 && max === 0xffff_ffff ? [] : [[min, max]])
}

export const counter32 = (): Syntax<number> => numeric('Counter32', 'Counter32', 0, 0xffff_ffff, [])
/** Hundredths of a second, modulo 2^32. */
export const timeTicks = (): Syntax<number> => numeric('TimeTicks', 'TimeTicks', 0, 0xffff_ffff, [])

export function counter64(): Syntax<bigint> {
  return {
    name: 'Counter64',
    base: 'Counter64',
    ranges: [],
    toSnmp: (value) => ({ type: 'Counter64', value }),
    fromSnmp: (value) => (value.type === 'Counter64' ? { value: value.value } : { error: 'wrongType' }),
    format: String,
    parse: (text) => (/^\d{1,20}$/.test(text) && BigInt(text) < 1n << 64n ? BigInt(text) : undefined),
  }
}

/** INTEGER with labels: the row holds the label. */
export function enumeration<const L extends string>(named: Labels<L>, name = 'INTEGER'): Syntax<L> {
  const labels = new Map(labelsOf(named).map((label) => [named[label], label]))
  return {
    name,
    base: 'Integer32',
    ranges: [],
    named,
    toSnmp: (label) => ({ type: 'Integer32', value: named[label] }),
    fromSnmp: (value) => {
      if (value.type !== 'Integer32') return { error: 'wrongType' }
      const label = labels.get(value.value)
      return label === undefined ? { error: 'wrongValue' } : { value: label }
    },
    format: (label) => `${label}(${named[label]})`,
    parse: (text) => {
      const [, label = text, number] = /^(.*)\((\d+)\)$/.exec(text) ?? []
      if (isLabel(named, label)) return number === undefined || Number(number) === named[label] ? label : undefined
      return /^\d+$/.test(text) ? labels.get(Number(text)) : undefined
    },
  }
}

/** TruthValue, RFC 2579: true(1), false(2). */
export function truthValue(
  name = 'TruthValue',
  labels: Readonly<Record<string, number>> = { true: 1, false: 2 },
): Syntax<boolean> {
  const [yes = 'true', no = 'false'] = Object.keys(labels)
  const parsed: Record<string, boolean> = { true: true, false: false, yes: true, no: false, '1': true, '2': false }
  return {
    name,
    base: 'Integer32',
    ranges: [],
    named: labels,
    toSnmp: (value) => ({ type: 'Integer32', value: value ? 1 : 2 }),
    fromSnmp: (value) => {
      if (value.type !== 'Integer32') return { error: 'wrongType' }
      return value.value === 1 || value.value === 2 ? { value: value.value === 1 } : { error: 'wrongValue' }
    },
    format: (value) => (value ? `${yes}(1)` : `${no}(2)`),
    parse: (text) => {
      const word = text.replace(/\([12]\)$/, '')
      return Object.hasOwn(parsed, word) ? parsed[word] : undefined
    },
  }
}

function octets<T>(
  name: string,
  ranges: readonly Range[],
  base: 'OctetString' | 'IpAddress' | 'Opaque',
  convert: { read(octets: Uint8Array): T | undefined; write(value: T): Uint8Array },
  people: { format(value: T): string; parse(text: string): T | undefined },
): Syntax<T> {
  const sizeFits = (size: number): boolean =>
    ranges.length === 0 ? size <= 65_535 : ranges.some(([min, max]) => size >= min && size <= max)
  return {
    name,
    base,
    ranges,
    toSnmp: (value) => ({ type: base, value: convert.write(value) }),
    fromSnmp: (value) => {
      if (value.type !== base) return { error: 'wrongType' }
      if (!sizeFits(value.value.length)) return { error: 'wrongLength' }
      const read = convert.read(value.value)
      return read === undefined ? { error: 'wrongValue' } : { value: read }
    },
    format: people.format,
    parse: (text) => {
      const value = people.parse(text)
      return value !== undefined && sizeFits(convert.write(value).length) ? value : undefined
    },
  }
}

const sizes = (min: number, max: number): readonly Range[] => [[min, max]]
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()
const utf8 = {
  read: (value: Uint8Array): string | undefined => {
    try {
      return strictUtf8.decode(value)
    } catch {
      return undefined
    }
  },
  write: (value: string): Uint8Array => encoder.encode(value),
}
const plainText = { format: (value: string) => value, parse: (text: string) => text }

/** UTF-8 text: SnmpAdminString, DisplayString (whose NVT ASCII is a part of it) and our CastellanText. */
export function text(min: number, max: number, name = 'SnmpAdminString'): Syntax<string> {
  return octets(name, sizes(min, max), 'OctetString', utf8, plainText)
}

export const displayString = (min = 0, max = 255): Syntax<string> => text(min, max, 'DisplayString')

const same = { read: (value: Uint8Array) => value, write: (value: Uint8Array) => value }

/** `80:00:7e:d9`; nothing for no octets. */
export function hexadecimal(octets: Uint8Array): string {
  return Buffer.from(octets)
    .toString('hex')
    .replace(/..(?=.)/g, '$&:')
}

/** Whether a text is two octets or more in hexadecimal: one cannot be told from a word of two letters. */
export function isHexadecimal(text: string): boolean {
  return /^[0-9a-f]{2}(:[0-9a-f]{2})+$/i.test(text)
}

/** Octets alone: `80:00:7e:d9`, `80007ed9` and `0x80007ed9` are the same, and `f0` is one. */
const inHexadecimal = {
  format: hexadecimal,
  parse: (typed: string) =>
    /^$|^[0-9a-f]{2}(:[0-9a-f]{2})*:?$|^(0x)?([0-9a-f]{2})+$/i.test(typed)
      ? Buffer.from(typed.replace(/^0x/i, '').replaceAll(':', ''), 'hex')
      : undefined,
}
/** As people see and type it: hexadecimal where it is no text, or would be taken for it; a lone octet ends in a colon. */
const asTextOrHexadecimal = {
  format: (value: Uint8Array) => {
    const text = Buffer.from(value).toString('latin1')
    if (/^[\u0020-\u007e]*$/.test(text) && !isTypedHexadecimal(text)) return text
    return value.length === 1 ? `${hexadecimal(value)}:` : hexadecimal(value)
  },
  parse: (typed: string) => (isTypedHexadecimal(typed) ? inHexadecimal.parse(typed) : Buffer.from(typed)),
}

function isTypedHexadecimal(text: string): boolean {
  return isHexadecimal(text) || /^[0-9a-f]{2}:$/i.test(text)
}

const octetRanges = (min: number, max: number): readonly Range[] => (min === 0 && max === 65_535 ? [] : sizes(min, max))

/** Octets that are no text: keys, masks, engine IDs. */
export function octetString(min = 0, max = 65_535, name = 'OCTET STRING'): Syntax<Uint8Array> {
  const plain = octets<Uint8Array>(name, octetRanges(min, max), 'OctetString', same, inHexadecimal)
  return { ...plain, notation: 'hexadecimal' }
}

/** Octets that mostly are text, in any encoding: a community, an argument. */
export function textOctets(min = 0, max = 65_535): Syntax<Uint8Array> {
  const plain = octets<Uint8Array>('OCTET STRING', octetRanges(min, max), 'OctetString', same, asTextOrHexadecimal)
  return { ...plain, notation: 'textOrHexadecimal' }
}

export const opaque = (): Syntax<Uint8Array> => octets<Uint8Array>('Opaque', [], 'Opaque', same, inHexadecimal)

export const physAddress = (): Syntax<Uint8Array> => octetString(0, 65_535, 'PhysAddress')

export function ipAddress(): Syntax<string> {
  return octets(
    'IpAddress',
    sizes(4, 4),
    'IpAddress',
    {
      read: (value) => value.join('.'),
      write: (value) => Uint8Array.from(value.split('.'), Number),
    },
    {
      format: (value) => value,
      parse: (value) =>
        /^(\d{1,3}(\.|$)){4}$/.test(value) && value.split('.').every((part) => Number(part) < 256) ? value : undefined,
    },
  )
}

/** BITS: the row holds the labels of the bits that are set. */
export function bits<const L extends string>(named: Labels<L>): Syntax<ReadonlySet<L>> {
  const labels = labelsOf(named)
  const size = Math.floor(Math.max(...labels.map((label) => named[label])) / 8) + 1
  const octetsOf = (set: Iterable<L>): Uint8Array => {
    const result = new Uint8Array(size)
    for (const label of set) {
      const bit = named[label]
      result[bit >> 3] = (result[bit >> 3] ?? 0) | (0x80 >> (bit & 7))
    }
    return result
  }
  const known = octetsOf(labels)
  return {
    ...octets<ReadonlySet<L>>(
      'BITS',
      // Octets at the end that have no bit set may be missing: Net-SNMP leaves them out.
      sizes(0, size),
      'OctetString',
      {
        // A bit that is not defined is wrongValue (RFC 3416 §4.2.5): it could not be read back.
        read: (value) =>
          value.some((octet, i) => octet & ~(known[i] ?? 0))
            ? undefined
            : new Set(labels.filter((label) => (value[named[label] >> 3] ?? 0) & (0x80 >> (named[label] & 7)))),
        write: octetsOf,
      },
      {
        format: (value) => [...value].map((label) => `${label}(${named[label]})`).join(' '),
        parse: (text) => {
          const wanted = text
            .split(/[\s,]+/)
            .filter((label) => label !== '')
            .map((label) => label.replace(/\(\d+\)$/, ''))
          return wanted.every((label) => isLabel(named, label)) ? new Set(wanted) : undefined
        },
      },
    ),
    named,
  }
}

export function objectIdentifier(name = 'OBJECT IDENTIFIER'): Syntax<Oid> {
  return {
    name,
    base: 'ObjectIdentifier',
    ranges: [],
    toSnmp: (value) => ({ type: 'ObjectIdentifier', value }),
    fromSnmp: (value) => (value.type === 'ObjectIdentifier' ? { value: value.value } : { error: 'wrongType' }),
    format: formatOid,
    parse: parseOid,
  }
}

const rowStatusNumbers = {
  active: 1,
  notInService: 2,
  notReady: 3,
  createAndGo: 4,
  createAndWait: 5,
  destroy: 6,
} as const
export type RowStatus = keyof typeof rowStatusNumbers
/** Undefined for anything else. */
export function rowStatusOf(value: unknown): RowStatus | undefined {
  return typeof value === 'string' && isLabel(rowStatusNumbers, value) ? value : undefined
}
export const rowStatus = (): Syntax<RowStatus> => enumeration(rowStatusNumbers, 'RowStatus')

const storageTypes = { other: 1, volatile: 2, nonVolatile: 3, permanent: 4, readOnly: 5 } as const
export type StorageType = keyof typeof storageTypes
/** Undefined for anything else. */
export function storageTypeOf(value: unknown): StorageType | undefined {
  return typeof value === 'string' && isLabel(storageTypes, value) ? value : undefined
}
export const storageType = (): Syntax<StorageType> => enumeration(storageTypes, 'StorageType')

/** TestAndIncr: a set must name the present value, which then grows by one (RFC 2579). */
export const testAndIncr = (): Syntax<number> => ({ ...integer32(0, 0x7fff_ffff), name: 'TestAndIncr' })
/** Hundredths of a second. */
export const timeInterval = (): Syntax<number> => ({ ...integer32(0, 0x7fff_ffff), name: 'TimeInterval' })
/** The value of sysUpTime at some event. */
export const timeStamp = (): Syntax<number> => ({ ...timeTicks(), name: 'TimeStamp' })

/** DateAndTime, RFC 2579, in eleven octets with the machine's offset from UTC; never happened: all zero. */
export function dateAndTime(): Syntax<Date | undefined> {
  return {
    ...octets<Date | undefined>(
      'DateAndTime',
      [
        [8, 8],
        [11, 11],
      ],
      'OctetString',
      {
        read: (value) => readDateAndTime(value),
        write: (value) => (value ? writeDateAndTime(value) : new Uint8Array(8)),
      },
      {
        format: (value) => (value ? value.toISOString() : '-'),
        parse: (date) => (Number.isNaN(Date.parse(date)) ? undefined : new Date(date)),
      },
    ),
  }
}

/** DateAndTime where all zero octets are a value: it has not happened, or will not. */
export function dateAndTimeOrNever(): Syntax<Date | 'never'> {
  const date = dateAndTime()
  const dateOf = (value: Date | 'never'): Date | undefined => (value === 'never' ? undefined : value)
  return {
    ...date,
    toSnmp: (value) => date.toSnmp(dateOf(value)),
    fromSnmp: (value) => {
      const isNever =
        value.type === 'OctetString' && value.value.length === 8 && value.value.every((octet) => octet === 0)
      if (isNever) return { value: 'never' }
      const decoded = date.fromSnmp(value)
      return 'error' in decoded ? decoded : { value: decoded.value ?? 'never' }
    },
    format: (value) => date.format(dateOf(value)),
    parse: (word) => (word === '' || word === '-' || word === 'never' ? 'never' : date.parse(word)),
  }
}
