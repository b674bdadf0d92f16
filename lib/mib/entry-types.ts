/** The lines of .cnf files that declared tables have: their fields, checked by the syntax of the columns, and their way back. */
import type { CnfEntryType, CnfField, CnfValues } from '../cnf/document.ts'
import { quote } from '../cnf/lex.ts'
import type { Oid } from '../smi/oid.ts'
import type { BoundColumn, Definition } from './declare.ts'
import type { AnyRow } from './served.ts'
import type { Syntax } from './syntax.ts'

export type ResolveName = (name: string) => Oid | undefined

/** The lines that a table with its dependents, or a group of scalars, has in its file. */
export function entryTypes(definition: Definition, resolveName?: ResolveName): CnfEntryType[] {
  const field = (name: string): CnfField => fieldOf(definition.columns[name]!, resolveName)
  if (definition.kind === 'scalars') {
    return definition.cnf.map((name) => ({ keyword: name, fields: [field(name)], keyFields: [] }))
  }
  return [definition, ...definition.dependents].flatMap(({ cnf, entryName }) => {
    if (cnf.length === 0) return []
    // Fields at the end that have a default may be left out: older files do not know them yet.
    const trailing = cnf.toReversed().findIndex((name) => definition.columns[name]!.defaultValue === undefined)
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
      fields: waitingColumns(definition).map((name) => orAbsent(fieldOf(definition.columns[name]!, resolveName))),
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
  const isMemory = (name: string): boolean => columns[name]!.access === 'not-accessible' && !(name in index)
  const remembered = Object.keys(columns).filter((name) => isMemory(name) && !cnf.includes(name))
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

function fieldOf({ name, syntax }: BoundColumn, resolveName?: ResolveName): CnfField {
  return {
    name,
    parse: ({ text }) => {
      const value = parseWord(syntax, text, resolveName)
      return value === undefined ? { wish: describe(syntax) } : { value }
    },
    format: (value) => quote(formatWord(syntax, value)),
  }
}

function parseWord(syntax: Syntax<unknown>, text: string, resolveName?: ResolveName): unknown {
  switch (syntax.name) {
    case 'OCTET STRING': {
      // Text or xx:xx; a lone byte in hexadecimal cannot be told from text, and is text.
      const hex = /^[0-9a-f]{2}(:[0-9a-f]{2})+$/i.test(text) ? syntax.parse(text) : undefined
      if (hex !== undefined) return hex
      const decoded = syntax.fromSnmp({ type: 'OctetString', value: Buffer.from(text, 'utf8') })
      return 'value' in decoded ? decoded.value : undefined
    }
    case 'BITS': {
      if (!/^([0-9a-f]{2})*$/i.test(text)) return undefined
      const decoded = syntax.fromSnmp({ type: 'OctetString', value: Buffer.from(text, 'hex') })
      return 'value' in decoded ? decoded.value : undefined
    }
    case 'OBJECT IDENTIFIER':
      return syntax.parse(text) ?? resolveName?.(text)
    default:
      return syntax.parse(/^\d+u$/.test(text) ? text.slice(0, -1) : text)
  }
}

function formatWord(syntax: Syntax<unknown>, value: unknown): string {
  switch (syntax.name) {
    case 'OCTET STRING': {
      const octets = value as Uint8Array
      const readable = octets.every((octet) => octet >= 0x20 && octet < 0x7f)
      const text = Buffer.from(octets).toString('latin1')
      return readable && !/^[0-9a-f]{2}(:[0-9a-f]{2})+$/i.test(text) ? text : syntax.format(value)
    }
    case 'BITS': {
      const encoded = syntax.toSnmp(value)
      return encoded.type === 'OctetString' ? Buffer.from(encoded.value).toString('hex') : ''
    }
    default:
      // `up(1)` is for people's eyes; the file has the label.
      return syntax.named ? syntax.format(value).replace(/\(\d+\)$/, '') : syntax.format(value)
  }
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
