/** Rows of what has ended, bounded by number and by age; the oldest end goes first (RFC 2287, sysApplPastRunTable). */
import type { RowOf } from '../../lib/mib/declare.ts'
import type { ServedTable } from '../../lib/mib/served.ts'
import type { Oid } from '../../lib/smi/oid.ts'

interface Entry<D> {
  readonly row: RowOf<D>
  /** By the clock that only grows. */
  readonly endedMs: number
}

export class PastRows<D extends { readonly entry: Oid }> {
  readonly #table: ServedTable<D>
  readonly #isSame: (a: RowOf<D>, b: RowOf<D>) => boolean
  /** Oldest end first. */
  readonly #entries: Entry<D>[] = []
  #removedForRoom = 0

  constructor(table: ServedTable<D>, isSame: (a: RowOf<D>, b: RowOf<D>) => boolean) {
    this.#table = table
    this.#isSame = isSame
  }

  /** Counter32: rows that went to make room. */
  get removedForRoom(): number {
    return this.#removedForRoom >>> 0
  }

  /** A row with the index of one that is there replaces it. */
  add(row: RowOf<D>, endedMs: number, maxRows: number): void {
    const same = this.#entries.findIndex((entry) => this.#isSame(entry.row, row))
    if (same >= 0) this.#entries.splice(same, 1)
    const later = this.#entries.findLastIndex((entry) => entry.endedMs <= endedMs)
    this.#entries.splice(later + 1, 0, { row, endedMs })
    this.#table.put(row)
    this.keepAtMost(maxRows)
  }

  keepAtMost(maxRows: number): void {
    while (this.#entries.length > maxRows) {
      this.#removeOldest()
      this.#removedForRoom++
    }
  }

  removeOlder(thanMs: number): void {
    while (this.#entries[0] && this.#entries[0].endedMs < thanMs) this.#removeOldest()
  }

  #removeOldest(): void {
    const oldest = this.#entries.shift()
    if (oldest) this.#table.delete(oldest.row as Partial<RowOf<D>>)
  }
}
