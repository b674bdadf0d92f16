/** The rows of served tables as a SET would leave them, for the rules that files are held to. */

import { anyDefinition, type Definition } from '../../lib/mib/declare.ts'
import { instanceOf } from '../../lib/mib/instance.ts'
import type { Serving } from '../../lib/mib/module.ts'
import type { RowChange } from '../../lib/mib/row-change.ts'
import type { ConfiguredRows } from '../../lib/mib/rules.ts'
import { type AnyRow, anyRow } from '../../lib/mib/served.ts'

/** Rows that are not active are among them. Places lead nowhere: no file has these rows yet. */
export function rowsAfter(servings: readonly Serving[], changes: readonly RowChange[]): ConfiguredRows {
  const nowhere = { file: '', line: 0, column: 0 }
  const rowsOf = (definition: Definition): AnyRow[] => {
    const serving = servings.find(({ table }) => table.definition.entryName === definition.entryName)
    if (!serving) return []
    const own = serving.table.definition
    const rows = new Map([...serving.table.rows()].map(anyRow).map((row) => [instanceOf(own, row).join('.'), row]))
    for (const { definition: changed, before, after } of changes) {
      if (changed !== own) continue
      if (after) rows.set(instanceOf(own, after).join('.'), after)
      else if (before) rows.delete(instanceOf(own, before).join('.'))
    }
    return [...rows.values()]
  }
  return {
    of: (definition) => rowsOf(anyDefinition(definition)).map((row) => ({ row, placeOf: () => nowhere })) as never,
    fileOf: () => nowhere,
  }
}
