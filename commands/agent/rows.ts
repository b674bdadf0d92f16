/** The rows of a declared table, of a module that was made only to read its files. */
import { anyDefinition, type RowOf } from '../../lib/mib/declare.ts'
import type { Serving } from '../../lib/mib/module.ts'

export function rowsAmong<D extends { readonly entry: readonly number[] }>(
  configured: readonly Serving[],
  declared: D,
): RowOf<D>[] {
  const { entryName } = anyDefinition(declared)
  // By name: some tables are declared once for each engine. The same name has rows of the same type.
  const found = configured.filter(({ table }) => table.definition.entryName === entryName)
  return found.flatMap(({ table }) => [...table.rows()] as RowOf<D>[])
}
