/** Rows that are not in service: kept beside the .cnf file of their tables, in a file of the daemon's own, until they are. */
import type { Complaint } from '../cnf/complaint.ts'
import type { CnfValues } from '../cnf/document.ts'
import { CnfStore } from '../cnf/store.ts'
import type { Definition } from './declare.ts'
import { isLasting, type ResolveName, rowOf, waitingColumns, waitingTypes } from './entry-types.ts'
import { instanceOf } from './instance.ts'
import type { Serving } from './module.ts'
import type { RowChange } from './row-change.ts'
import type { AnyRow } from './served.ts'
import { mayBeActive } from './set.ts'

export interface WaitingRow {
  readonly serving: Serving
  readonly row: AnyRow
}

export class WaitingRows {
  readonly #servings: ReadonlyMap<string, Serving>
  readonly #store: CnfStore
  /** What the file may have: also of a SET that failed between the two files. */
  readonly #held = new Set<string>()

  constructor(servings: readonly Serving[], path: string, resolveName?: ResolveName) {
    const types = servings.flatMap(({ table }) => waitingTypes(table.definition, resolveName))
    const known = new Set(types.map(({ keyword }) => keyword))
    const kept = servings.filter(({ table }) => known.has(table.definition.entryName))
    this.#servings = new Map(kept.map((serving) => [serving.table.definition.entryName, serving]))
    this.#store = new CnfStore({ path, types })
  }

  /** The rows as they were left: notReady when something is due yet, else notInService. */
  async load(): Promise<{ readonly rows: readonly WaitingRow[]; readonly complaints: readonly Complaint[] }> {
    const { entries, complaints } = await this.#store.load()
    const rows = entries.flatMap(({ keyword, values }) => {
      const serving = this.#servings.get(keyword)
      if (!serving) return []
      const row = waitingRow(serving, values)
      this.#held.add(keyOf(serving.table.definition, row))
      return { serving, row }
    })
    return { rows, complaints }
  }

  /** Makes those durable that wait from now on, or wait with other values. */
  add(changes: readonly RowChange[]): Promise<void> {
    for (const { definition, before, after } of changes) {
      if (!after || !this.#waits(definition, after)) continue
      const wasSame = (name: string): boolean => before?.[name] === after[name]
      const isSame = before && this.#waits(definition, before) && waitingColumns(definition).every(wasSame)
      if (isSame) continue
      this.#held.add(keyOf(definition, after))
      this.#store.put(definition.entryName, after)
    }
    return this.#save()
  }

  /** Takes those out that wait no more: in service, or gone. */
  async remove(changes: readonly RowChange[]): Promise<void> {
    const gone: string[] = []
    for (const { definition, before, after } of changes) {
      const row = after ?? before
      if (!row || !this.#held.has(keyOf(definition, row)) || (after && this.#waits(definition, after))) continue
      this.delete(definition, row)
      gone.push(keyOf(definition, row))
    }
    await this.#save()
    for (const key of gone) this.#held.delete(key)
  }

  /** It goes with what is written next. */
  delete({ entryName }: Definition, row: AnyRow): void {
    this.#store.delete(entryName, row)
  }

  #waits(definition: Definition, row: AnyRow): boolean {
    const { entryName, statusColumn } = definition
    if (!this.#servings.has(entryName) || statusColumn === undefined || row[statusColumn] === 'active') return false
    return isLasting(definition, row)
  }

  async #save(): Promise<void> {
    try {
      await this.#store.save()
    } catch (error) {
      this.#store.revert()
      throw error
    }
  }
}

function keyOf(definition: Definition, row: AnyRow): string {
  return `${definition.entryName} ${instanceOf(definition, row).join('.')}`
}

function waitingRow(serving: Serving, values: CnfValues): AnyRow {
  const { definition } = serving.table
  const { statusColumn } = definition
  const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
  const row = rowOf(definition, given)
  if (statusColumn === undefined) return row
  return { ...row, [statusColumn]: mayBeActive(serving, row) ? 'notInService' : 'notReady' }
}
