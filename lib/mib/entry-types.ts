/** The lines of .cnf files that declared tables have: their fields, checked by the syntax of the columns, and their way back. */
import type { CnfEntryType, CnfField, CnfValues } from '../cnf/document.ts'
import { type CnfToken, quote } from '../cnf/lex.ts'
import type { Oid } from '../smi/oid.ts'
import { hasStrayOctet, octetsOfText, textOfOctets } from '../text/lossless-text.ts'
import { type BoundColumn, columnNamed, type Definition } from './declare.ts'
import type { AnyRow } from './served.ts'
import { hexadecimal, isHexadecimal, type Syntax } from './syntax.ts'

export type ResolveName = (name: string) => Oid | undefined

/** The lines that a table with its dependents, or a group of scalars, has in its file. */
export function entryTypes(definition: Definition, resolveName?: ResolveName): CnfEntryType[] {
  const field = (name: string): CnfField => fieldOf(columnNamed(definition, name), resolveName)
  if (definition.kind === 'scalars') {
    return definition.cnf.map((name) => ({ keyword: name, fields: [field(name)], keyFields: [] }))
  }
  return [definition, ...definition.dependents].flatMap(({ cnf, entryName }) => {
    if (cnf.length === 0) return []
    // Fields at the end that have a default may be left out: older files do not know them yet.
    const trailing = cnf.toReversed().findIndex((name) => columnNamed(definition, name).defaultValue === undefined)
    return [
      {
        keyword: entryName,
        fields: cnf.map(field),
        keyFields: cnf.filter((name) => name in definition.index),
        optionalFields: trailing < 0 ? 0 : trailing,
      },
    ]
  })
}

/**
 * The same for rows that are not in service, of tables whose rows can be so: a `?` stands for a column that nobody has
 * given a value yet.
 */
export function waitingTypes(definition: Definition, resolveName?: ResolveName): CnfEntryType[] {
  const { cnf, index, statusColumn } = definition
  if (definition.kind === 'scalars' || statusColumn === undefined || cnf.length === 0) return []
  return [
    {
      keyword: definition.entryName,
      fields: waitingColumns(definition).map((name) => orAbsent(fieldOf(columnNamed(definition, name), resolveName))),
      keyFields: cnf.filter((name) => name in index),
    },
  ]
}

/**
 * The columns of a file's lines but for the status, which is found out when it is read; and what a row remembers that is
 * no object, such as what is still due before it may be active.
 */
export function waitingColumns({ cnf: own, columns, dependents, index, statusColumn }: Definition): string[] {
  const cnf = [...new Set([own, ...dependents.map((dependent) => dependent.cnf)].flat())]
  const isMemory = ({ name, access }: BoundColumn): boolean => access === 'not-accessible' && !(name in index)
  const remembered = Object.values(columns).flatMap((one) =>
    isMemory(one) && !cnf.includes(one.name) ? [one.name] : [],
  )
  return [...cnf.filter((name) => name !== statusColumn), ...remembered]
}

function orAbsent(field: CnfField): CnfField {
  return {
    name: field.name,
    absent,
    parse: (token) => (token.text === absent && !token.quoted ? { value: undefined } : field.parse(token)),
    format: (value) => {
      const word = field.format(value)
      return word === absent ? `"${absent}"` : word
    },
  }
}

const absent = '?'

function fieldOf({ name, syntax, defaultValue }: BoundColumn, resolveName?: ResolveName): CnfField {
  const format = (value: unknown): string => formatWord(syntax, value)
  return {
    name,
    parse: (token) => {
      const value = parseWord(syntax, token, resolveName)
      if (value !== undefined) return { value }
      return { expected: hasStrayOctet(token.text) ? `${describe(syntax)} in UTF-8` : describe(syntax) }
    },
    format,
    ...(defaultValue === undefined ? {} : { omitted: format(defaultValue) }),
  }
}

/** The inverse of formatWord, which also takes what people write. */
function parseWord(syntax: Syntax<unknown>, token: CnfToken, resolveName?: ResolveName): unknown {
  const octets = octetsOfText(token.text)
  if (syntax.notation === 'textOrHexadecimal') {
    // Quotes say that it is text, however much it looks like octets.
    if (!token.quoted && isHexadecimal(token.text)) return syntax.parse(token.text)
    return decoded(syntax, octets)
  }
  const text = textOfOctets(octets)
  if (hasStrayOctet(text)) return undefined
  if (syntax.name === 'BITS')
    return /^([0-9a-f]{2})*$/i.test(text) ? decoded(syntax, Buffer.from(text, 'hex')) : undefined
  if (syntax.name === 'OBJECT IDENTIFIER') return syntax.parse(text) ?? resolveName?.(text)
  // CIAgent writes numbers as 42u; in a text the letter is a letter.
  return syntax.parse(isNumeric(syntax) && /^\d+u$/.test(text) ? text.slice(0, -1) : text)
}

/** A value as the word of a file that parseWord reads as exactly this value. */
function formatWord(syntax: Syntax<unknown>, value: unknown): string {
  if (syntax.notation === 'textOrHexadecimal' && value instanceof Uint8Array) {
    const text = textOfOctets(value)
    const isReadable = /^[\u0020-\u007e]*$/.test(text) && !isHexadecimal(text)
    // A lone octet has no hexadecimal form that is not a text as well.
    return isReadable || value.length === 1 ? quote(text) : hexadecimal(value)
  }
  if (syntax.name === 'BITS') {
    const encoded = syntax.toSnmp(value)
    return encoded.type === 'OctetString' ? quote(Buffer.from(encoded.value).toString('hex')) : '-'
  }
  // `up(1)` is for people's eyes; the file has the label.
  return quote(syntax.named ? syntax.format(value).replace(/\(\d+\)$/, '') : syntax.format(value))
}

function decoded(syntax: Syntax<unknown>, octets: Uint8Array): unknown {
  const read = syntax.fromSnmp({ type: 'OctetString', value: octets })
  return 'value' in read ? read.value : undefined
}

function isNumeric({ base }: Syntax<unknown>): boolean {
  return base !== 'OctetString' && base !== 'ObjectIdentifier' && base !== 'IpAddress' && base !== 'Opaque'
}

/** What a value of this syntax looks like, for complaints. */
export function describe(syntax: Syntax<unknown>): string {
  const range = syntax.ranges.map(([min, max]) => (min === max ? `${min}` : `${min} to ${max}`)).join(' or ')
  if (syntax.name === 'BITS') return 'bits in hexadecimal, such as 80'
  if (syntax.named)
    return Object.entries(syntax.named)
      .map(([label, number]) => `${label}(${number})`)
      .join(' or ')
  switch (syntax.base) {
    case 'OctetString':
      if (syntax.name === 'TAddress') return 'an address and port such as 192.0.2.7:162'
      if (range === '0') return '-, for nothing else is supported'
      if (syntax.name === 'SnmpEngineID') return 'localSnmpID, or 5 to 32 octets in hexadecimal such as 80:00:7e:d9:05'
      if (syntax.notation === 'hexadecimal') return `${range ? `${range} ` : ''}octets in hexadecimal such as f0:80`
      return range ? `text of ${range} octets` : 'text'
    case 'ObjectIdentifier':
      return 'an object identifier such as 1.3.6.1 or a name that is served here'
    default:
      return range ? `a number within ${range}` : 'a number'
  }
}

/** Whether its StorageType, where it has one, lets the row outlive us (RFC 2579). */
export function isLasting({ storageColumn }: Definition, row: AnyRow): boolean {
  return !storageColumn || (row[storageColumn] !== 'volatile' && row[storageColumn] !== 'other')
}

/** A row as its line and the declaration make it: in service. */
export function rowOf(definition: Definition, values: CnfValues): AnyRow {
  const row: Record<string, unknown> = {}
  for (const { name, defaultValue, readsAs } of Object.values(definition.columns)) {
    const initial = defaultValue ?? readsAs
    if (initial !== undefined) row[name] = initial
  }
  Object.assign(row, values)
  if (definition.statusColumn) row[definition.statusColumn] = 'active'
  return row
}
