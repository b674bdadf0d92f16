/** Single rows of an agent as a manager reads and sets them, by their declaration. */
import { formatOid, type Oid } from '../smi/oid.ts'
import type { Varbind } from '../smi/value.ts'
import { anyDefinition, type ChangesOf, columnNamed } from './declare.ts'
import { instanceOf } from './instance.ts'

type Index = Readonly<Record<string, unknown>>

/** Whoever can get objects; a manager can. */
export interface ReadAgent {
  get(names: readonly Oid[]): Promise<readonly Varbind[]>
}

/** What a SET of these columns of one row has to name. */
export function varbindsOf<D extends { readonly entry: Oid }>(
  declared: D,
  index: Index,
  changes: ChangesOf<D>,
): Varbind[] {
  const definition = anyDefinition(declared)
  const instance = instanceOf(definition, index)
  return Object.entries(changes).map(([name, value]) => {
    const { oid, syntax } = columnNamed(definition, name)
    return { name: [...oid, ...instance], value: syntax.toSnmp(value) }
  })
}

/** Those of the columns that the agent has; values that are not as declared are left out. */
export async function readRow<D extends { readonly entry: Oid }, K extends keyof ChangesOf<D> & string>(
  agent: ReadAgent,
  declared: D,
  { index, columns }: { readonly index: Index; readonly columns: readonly K[] },
): Promise<Pick<ChangesOf<D>, K>> {
  const definition = anyDefinition(declared)
  const instance = instanceOf(definition, index)
  const wanted = columns.map((name) => columnNamed(definition, name))
  const found = new Map(
    (await agent.get(wanted.map(({ oid }) => [...oid, ...instance]))).map(({ name, value }) => [
      formatOid(name),
      value,
    ]),
  )
  const row = wanted.flatMap(({ name, oid, syntax }): [string, unknown][] => {
    const value = found.get(formatOid([...oid, ...instance]))
    const decoded = value && syntax.fromSnmp(value)
    return decoded && 'value' in decoded ? [[name, decoded.value]] : []
  })
  return Object.fromEntries(row) as Pick<ChangesOf<D>, K>
}
