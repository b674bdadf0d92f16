/** A whole table of an agent as typed rows, by its declaration. */

import { formatOid, type Oid } from '../smi/oid.ts'
import type { Varbind } from '../smi/value.ts'
import { anyDefinition, type ChangesOf, type Columns } from './declare.ts'
import { indexValues } from './instance.ts'

/** Whoever can list the instances below a name, in order; a manager can. */
export interface WalkedAgent {
  walk(root: Oid): AsyncIterable<Varbind>
}

type IndexOf<D> = D extends { readonly index: infer I extends Columns }
  ? { readonly [K in keyof I]: I[K] extends { readonly syntax: { toSnmp(value: infer T): unknown } } ? T : never }
  : never

/** Index parts, and those columns that the agent gave: rows may come and go while they are walked. */
export type WalkedRow<D> = IndexOf<D> & ChangesOf<D>

/** Columns of dependent and augmenting tables included; values that are not as declared are left out. */
export async function walkTable<D extends { readonly entry: readonly number[] }>(
  agent: WalkedAgent,
  declared: D,
): Promise<WalkedRow<D>[]> {
  const definition = anyDefinition(declared)
  const columns = new Map(definition.readable.map((one) => [formatOid(one.oid), one]))
  const entries = new Map(definition.readable.map((one) => [formatOid(one.oid.slice(0, -1)), one.oid.slice(0, -1)]))
  const rows = new Map<string, Record<string, unknown>>()
  for (const entry of entries.values()) {
    for await (const { name, value } of agent.walk(entry)) {
      const column = columns.get(formatOid(name.slice(0, entry.length + 1)))
      const instance = name.slice(entry.length + 1)
      const key = formatOid(instance)
      const row = rows.get(key) ?? (column && indexValues(definition, instance))
      if (!column || !row) continue
      const decoded = column.syntax.fromSnmp(value)
      rows.set(key, 'value' in decoded ? { ...row, [column.name]: decoded.value } : { ...row })
    }
  }
  return [...rows.values()] as WalkedRow<D>[]
}
