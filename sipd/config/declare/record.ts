/** Entries of a file against rows of the table: the values, and what of them was written where. */

import type { Word } from './lines.ts'
import { nearest } from './nearest.ts'
import type { Entry, Reader, RecordOf, Rows } from './row.ts'

export interface ReadRecord<R> {
  readonly record: RecordOf<R>
  /** What was written, by the name as the table has it. */
  readonly entriesOf: ReadonlyMap<string, readonly Entry[]>
}

/** Reads entries by rows; `owner` is the container that they stand in. The record is good when nothing was complained about. */
export function readRecord<R extends Rows>(
  rows: R,
  entries: readonly Entry[],
  reader: Reader,
  owner?: Word,
): ReadRecord<R> {
  const entriesOf = new Map<string, Entry[]>()
  for (const written of entries) {
    const found = findRow(rows, written)
    if (!found) {
      reader.complain(written.name, unknown(rows, written, owner))
      continue
    }
    const { name, entry } = found
    const isContainer = rows[name]?.inside !== undefined
    if (isContainer !== (entry.inside !== undefined)) {
      reader.complain(
        written.name,
        isContainer
          ? `${name} is written as <${name} ...> and ends with </${name}>`
          : `${name} is no container; write it without < and >`,
      )
      continue
    }
    const before = entriesOf.get(name)
    if (before) before.push(entry)
    else entriesOf.set(name, [entry])
  }
  const record: Record<string, unknown> = {}
  for (const [name, row] of Object.entries(rows)) {
    const own = entriesOf.get(name) ?? []
    const value = deepFreeze(row.gather(own, reader, owner))
    record[name] = value
    const [first] = own
    if (!first || row.inForce === true) continue
    const isDefault = row.print(name, value).join('\n') === row.print(name, row.gather([], reader)).join('\n')
    if (!isDefault || row.warnsAtDefault) reader.warn(first.name, `${name} is not acted on: ${row.inForce}`)
  }
  return { record: Object.freeze(record) as RecordOf<R>, entriesOf }
}

/** The row of an entry, and the entry as it is under its proper name. */
function findRow(rows: Rows, written: Entry): { name: string; entry: Entry } | undefined {
  const wanted = written.name.text.toLowerCase()
  const rename = (name: string, args = written.args): { name: string; entry: Entry } => ({
    name,
    entry: { ...written, name: { ...written.name, text: name }, args },
  })
  for (const [name, { also = [] }] of Object.entries(rows)) {
    if (name.toLowerCase() === wanted) return rename(name)
    for (const other of also) {
      if (typeof other === 'string') {
        if (other.toLowerCase() === wanted) return rename(name)
        continue
      }
      const part = other.exec(written.name.text)?.[1]
      if (part !== undefined) return rename(name, [{ ...written.name, text: part }, ...written.args])
    }
  }
  // The ancestor's manual parts one name in two: `Debug Flag GKTMP`.
  const [first, ...rest] = written.args
  const joined =
    first && Object.keys(rows).find((name) => name.toLowerCase() === `${wanted}${first.text.toLowerCase()}`)
  return joined ? rename(joined, rest) : undefined
}

function unknown(rows: Rows, { name }: Entry, owner: Word | undefined): string {
  const home = Object.entries(rows).find(
    ([, row]) => row.inside && findRow(row.inside, { name, args: [], inside: undefined }),
  )
  if (home) return `${name.text} stands inside <${home[0]} ...> only`
  const near = nearest(name.text, Object.keys(rows))
  return `${name.text} is no directive of ${owner ? `<${owner.text} ...>` : 'sipd.conf'}${near ? `; did you mean ${near}?` : ''}`
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const part of Object.values(value)) deepFreeze(part)
  }
  return value
}
