/** What `utils disaster_recovery` asks over the control socket: rows of the module's tables, and changes of them. */
import type { Serving } from '../../lib/mib/module.ts'
import type { Names } from '../../lib/mib/names.ts'
import type { SetVarbind } from '../../lib/mib/set.ts'
import { SetRefusedError } from '../../lib/mib/set-refused.ts'

/** A row as text: its index, and its columns as getmany prints them. Secrets are not in it. */
export interface ShownRow {
  readonly index: readonly number[]
  readonly values: Readonly<Record<string, string>>
}

/** Such as `['drsJobType.3', 'backup']`. */
export type Assignment = readonly [object: string, text: string]

export interface OperatorOptions {
  readonly tables: readonly Serving[]
  readonly names: Names
  set(varbinds: readonly SetVarbind[]): Promise<void>
  /** Before a SET that starts jobs, and after it: a person asks for these, and no manager. */
  asks?(jobs: readonly number[], isAsking: boolean): void
}

/** Throws what the operator is to read. */
export async function obey(words: readonly string[], { tables, names, set, asks }: OperatorOptions): Promise<string> {
  const [order, argument = ''] = words
  if (order === 'rows') return JSON.stringify(rowsOf(argument, tables))
  if (order !== 'set') throw new Error(`unknown order backup ${order}; use rows TABLE or set ASSIGNMENTS`)
  const assignments = decode(argument)
  const jobs = assignments.flatMap(([object]) => /^drsJobRowStatus\.(\d+)$/.exec(object)?.[1] ?? []).map(Number)
  asks?.(jobs, true)
  try {
    await set(assignments.map((one, at) => varbindOf(one, at + 1, names)))
  } catch (error) {
    if (!(error instanceof SetRefusedError)) throw error
    const { status, position } = error.failure
    const [object, text] = assignments[position - 1] ?? ['a value', '']
    // A password is not repeated.
    const value = /Password|PrivateKey/.test(object) ? '' : ` ${JSON.stringify(text)}`
    throw new Error(`${object}${value} was refused: ${status}`)
  } finally {
    asks?.(jobs, false)
  }
  return `set ${assignments.map(([object]) => object).join(' ')}`
}

/** One word, whatever is in the values. */
export function encode(assignments: readonly Assignment[]): string {
  return Buffer.from(JSON.stringify(assignments)).toString('base64url')
}

function decode(word: string): readonly Assignment[] {
  const content: unknown = JSON.parse(Buffer.from(word, 'base64url').toString('utf8'))
  if (!Array.isArray(content) || !content.every(isAssignment))
    throw new Error('expected pairs of an object and a value')
  return content
}

function isAssignment(one: unknown): one is Assignment {
  return Array.isArray(one) && one.length === 2 && one.every((part) => typeof part === 'string')
}

function varbindOf([object, text]: Assignment, position: number, names: Names): SetVarbind {
  const name = names.resolve(object)
  const declared = name && names.objectOf(name)
  const value = declared?.syntax.parse(text)
  if (!name || !declared || value === undefined) throw new Error(`${object} cannot be ${JSON.stringify(text)}`)
  return { position, name, value: declared.syntax.toSnmp(value) }
}

function rowsOf(name: string, tables: readonly Serving[]): ShownRow[] {
  const serving = tables.find(({ table }) => table.definition.name === name)
  if (!serving) throw new Error(`there is no table ${name}`)
  const { table } = serving
  return Array.from({ length: table.size }, (_, at) => {
    const [first] = table.objects
    const columns = table.objects.filter(({ bound }) => !bound.secret)
    const shown = columns.flatMap((column): [string, string][] => {
      const read = column.bound.syntax.fromSnmp(column.valueAt(at))
      return 'value' in read ? [[column.bound.name, column.bound.syntax.format(read.value)]] : []
    })
    return { index: first?.nameOf(at).slice(first.oid.length) ?? [], values: Object.fromEntries(shown) }
  })
}
