/** Declared tables as entries of .cnf files: one declaration gives the line, its checks and its way back to the file. */
import type { Complaint } from '../cnf/complaint.ts'
import type { CnfEntryType, CnfField, CnfValues } from '../cnf/document.ts'
import { quote } from '../cnf/lex.ts'
import { CnfStore, type LoadedEntry } from '../cnf/store.ts'
import type { Oid } from '../smi/oid.ts'
import type { RowChange } from './backend.ts'
import type { BoundColumn, Definition } from './declare.ts'
import { withDependents } from './dependents.ts'
import { instanceOf } from './instance.ts'
import type { Serving } from './module.ts'
import type { AnyRow } from './served.ts'
import type { Syntax } from './syntax.ts'

export type ResolveName = (name: string) => Oid | undefined

export interface ConfigFileOptions {
  readonly path: string
  readonly overlayPath: string
  readonly secret?: boolean
  readonly resolveName?: ResolveName
}

/** One .cnf file and the tables whose rows it holds. */
export class ConfigFile {
  readonly #servings: readonly Serving[]
  readonly #store: CnfStore

  constructor(servings: readonly Serving[], options: ConfigFileOptions) {
    this.#servings = servings
    const types = servings.flatMap(({ table }) => entryTypes(table.definition, options.resolveName))
    this.#store = new CnfStore({ ...options, types })
  }

  get overlayInUse(): boolean {
    return this.#store.overlayInUse
  }

  /** Reads the file and, when there is nothing to complain of, puts its rows into the tables. */
  async load(): Promise<readonly Complaint[]> {
    const { complaints, apply } = await this.prepare()
    if (complaints.length === 0) apply()
    return complaints
  }

  /**
   * Reads the file, and gives what takes it: rows that are new or other are put, rows that came from a file and are not
   * in it any more go, and the module is told of each as of a SET. Nothing happens before `apply`.
   */
  async prepare(): Promise<{ readonly complaints: readonly Complaint[]; readonly apply: () => void }> {
    const { entries, complaints } = await this.#store.load()
    const apply = (): void => {
      for (const serving of this.#servings) this.#take(serving, entries)
    }
    // Lines that cannot be read are not missed by others as well.
    if (complaints.length > 0) return { complaints, apply }
    const wrong = this.#servings.flatMap(({ table: { definition } }) => [
      ...linesOutOfService(definition, entries),
      ...misplacedDependents(definition, entries),
    ])
    return { complaints: wrong, apply }
  }

  #take(serving: Serving, entries: readonly LoadedEntry[]): void {
    const { table } = serving
    const { definition } = table
    if (definition.cnf.length === 0) return
    if (definition.kind === 'scalars') {
      const found = entries.filter(({ keyword }) => definition.cnf.includes(keyword)).map(({ values }) => values)
      change(serving, table.getAny([0]), {
        ...table.getAny([0]),
        ...defaultsOf(definition),
        ...Object.assign({}, ...found),
      })
      return
    }
    const rows = new Map<string, AnyRow>()
    for (const [key, values] of configuredRows(definition, entries)) {
      // What a row shows of the world beside its configuration stays as it is.
      const row = {
        ...rowOf(definition, values),
        ...stateOf(definition, table.getAny(instanceOf(definition, values))),
        ...values,
      }
      rows.set(key, withDependents(definition, row))
    }
    for (const before of [...table.rows()] as AnyRow[]) {
      const isGone = isKept(definition, before) && !rows.has(instanceOf(definition, before).join('.'))
      if (isGone) change(serving, before, undefined)
    }
    for (const after of rows.values()) change(serving, table.getAny(instanceOf(definition, after)), after)
  }

  /** Brings changed rows to the file; resolves when it is durable, and leaves the file alone when that fails. */
  async persist(changes: readonly RowChange[]): Promise<void> {
    for (const { definition, before, after } of changes) {
      if (definition.cnf.length === 0) continue
      if (definition.kind === 'scalars') this.#putScalars(definition, before, after)
      else this.#putRow(definition, before, after)
    }
    try {
      await this.#store.save()
    } catch (error) {
      this.#store.revert()
      throw error
    }
  }

  #putScalars(definition: Definition, before: AnyRow | undefined, after: AnyRow | undefined): void {
    for (const name of definition.cnf) {
      if (after && before?.[name] !== after[name]) this.#store.put(name, { [name]: after[name] })
    }
  }

  #putRow(definition: Definition, before: AnyRow | undefined, after: AnyRow | undefined): void {
    const wasKept = before !== undefined && isKept(definition, before)
    if (after && isKept(definition, after)) {
      const isSame = wasKept && definition.cnf.every((name) => before[name] === after[name])
      if (!isSame) this.#store.put(definition.entryName, after)
    } else if (wasKept) this.#store.delete(definition.entryName, before)
    for (const { cnf, entryName, exists } of definition.dependents) {
      if (cnf.length === 0) continue
      const wasThere = wasKept && exists(before)
      if (after && isKept(definition, after) && exists(after)) {
        const isSame = wasThere && cnf.every((name) => before[name] === after[name])
        if (!isSame) this.#store.put(entryName, after)
      } else if (wasThere) this.#store.delete(entryName, before)
    }
  }
}

/** The rows of a table by instance: each of its lines, with what lines of its dependents add. */
function configuredRows(definition: Definition, entries: readonly LoadedEntry[]): Map<string, CnfValues> {
  const rows = new Map<string, CnfValues>()
  for (const { keyword, values } of entries) {
    if (keyword === definition.entryName) rows.set(instanceOf(definition, values).join('.'), values)
  }
  for (const { keyword, values } of entries) {
    if (!definition.dependents.some(({ entryName }) => entryName === keyword)) continue
    const key = instanceOf(definition, values).join('.')
    const row = rows.get(key)
    if (row) rows.set(key, { ...row, ...values })
  }
  return rows
}

/** Files hold active rows alone: what a line says of another status would not come true. */
function linesOutOfService({ entryName, cnf, statusColumn }: Definition, entries: readonly LoadedEntry[]): Complaint[] {
  if (statusColumn === undefined || !cnf.includes(statusColumn)) return []
  return entries
    .filter(({ keyword, values }) => keyword === entryName && values[statusColumn] !== 'active')
    .map(({ file, line }) => ({
      file,
      line,
      column: 1,
      message: `${statusColumn} is to be active(1); a row that is to be out of service has no line here`,
    }))
}

/** Lines of dependents that belong to no row, or to one that leaves them no place. */
function misplacedDependents(definition: Definition, entries: readonly LoadedEntry[]): Complaint[] {
  if (definition.dependents.length === 0) return []
  const rows = configuredRows(definition, entries)
  return entries.flatMap(({ file, line, keyword, values }) => {
    const dependent = definition.dependents.find(({ entryName }) => entryName === keyword)
    if (!dependent) return []
    const { entryName } = definition
    const row = rows.get(instanceOf(definition, values).join('.'))
    if (row && dependent.exists({ ...rowOf(definition, row) })) return []
    const message = row
      ? `the ${entryName} of this ${keyword} leaves it no place; change that, or take this line out`
      : `there is no ${entryName} that this ${keyword} belongs to`
    return [{ file, line, column: 1, message }]
  })
}

/** One row as the file wishes it; a module that acts on changes hears of it as it hears of a SET. */
function change({ table, handlers }: Serving, before: AnyRow | undefined, after: AnyRow | undefined): void {
  if (after) table.putAny(after)
  else if (before) table.deleteAny(instanceOf(table.definition, before))
  handlers.commit?.({ before, after, wishes: {}, requester: undefined } as never)?.finish?.()
}

/** What scalars of a file are when it has no line of them, or not any more. */
function defaultsOf({ cnf, columns }: Definition): AnyRow {
  const declared = cnf.map((name) => [name, columns[name]!.defaultValue] as const)
  return Object.fromEntries(declared.filter(([, value]) => value !== undefined))
}

/** The columns of a row that its file does not have. */
function stateOf(definition: Definition, row: AnyRow | undefined): AnyRow {
  if (!row) return {}
  const configured = new Set([definition, ...definition.dependents].flatMap(({ cnf }) => cnf))
  return Object.fromEntries(Object.entries(row).filter(([name]) => !configured.has(name)))
}

/** Files hold active rows that are not volatile. */
function isKept({ storageColumn, statusColumn }: Definition, row: AnyRow): boolean {
  if (statusColumn && row[statusColumn] !== 'active') return false
  return !storageColumn || (row[storageColumn] !== 'volatile' && row[storageColumn] !== 'other')
}

function rowOf(definition: Definition, values: CnfValues): AnyRow {
  const row: Record<string, unknown> = {}
  for (const { name, defaultValue, readsAs } of Object.values(definition.columns)) {
    const initial = defaultValue ?? readsAs
    if (initial !== undefined) row[name] = initial
  }
  Object.assign(row, values)
  if (definition.statusColumn) row[definition.statusColumn] = 'active'
  return row
}

function entryTypes(definition: Definition, resolveName?: ResolveName): CnfEntryType[] {
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
