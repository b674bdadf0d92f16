/** Columns of dependent tables: which of them a row has follows from what the row itself says. */
import { columnNamed, type Definition } from './declare.ts'
import type { AnyRow } from './served.ts'

/** The row with the defaults of dependents that appeared, and without the columns of those that it has not. */
export function withDependents(definition: Definition, row: AnyRow): AnyRow {
  if (definition.dependents.length === 0) return row
  const result: Record<string, unknown> = { ...row }
  for (const { columns, exists } of definition.dependents) {
    const isThere = exists(row)
    for (const name of columns) {
      if (!isThere) delete result[name]
      else if (result[name] === undefined) result[name] = columnNamed(definition, name).defaultValue
    }
  }
  return result
}
