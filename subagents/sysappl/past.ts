/** Rows of what has ended, bounded by number and by age; the oldest end goes first (RFC 2287, sysApplPastRunTable). */

/** Where the rows are shown. */
export interface PastTable<R> {
  put(row: R): void
  delete(row: R): unknown
}

interface Entry<R> {
  readonly row: R
  /** By the clock that only grows. */
  readonly endedMs: number
}

export class PastRows<R> {
  readonly #table: PastTable<R>
  readonly #isSame: (a: R, b: R) => boolean
  /** Oldest end first. */
  readonly #entries: Entry<R>[] = []
  #removedForRoom = 0

  constructor(table: PastTable<R>, isSame: (a: R, b: R) => boolean) {
    this.#table = table
    this.#isSame = isSame
  }

  /** Counter32: rows that went to make room. */
  get removedForRoom(): number {
    return this.#removedForRoom >>> 0
  }

  /** A row with the index of one that is there replaces it. */
  add(row: R, endedMs: number, maxRows: number): void {
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
    if (oldest) this.#table.delete(oldest.row)
  }
}
