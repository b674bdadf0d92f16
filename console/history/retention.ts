/** Thins the history out: what is older than its time goes, and more of it where the file would pass its cap. */
import type { Sqlite } from '../../lib/sql/sqlite.ts'
import { keptSeconds } from './tiers.ts'

/** Of the cap, what the tables may fill: between two looks they grow, and SQLite needs room to work in. */
const fullness = 0.85

type Kept = keyof typeof keptSeconds

/** What goes first when room is short: the finest, which its own means outlive. */
const order: readonly Kept[] = ['sample', 'minute', 'event', 'hour', 'day']

export class Retention {
  readonly #database: Sqlite
  readonly #capOctets: number

  constructor(database: Sqlite, capOctets: number) {
    this.#database = database
    this.#capOctets = capOctets
  }

  thin(nowMs: number): void {
    const now = Math.floor(nowMs / 1000)
    for (const kept of order) this.#remove(kept, now - keptSeconds[kept])
    for (const kept of order) {
      // A tenth at a time of what there is, as long as it helps.
      while (this.#octets() > fullness * this.#capOctets) {
        const oldest = this.#oldest(kept)
        if (oldest === undefined) break
        const spanSeconds = Math.max(1, now - oldest)
        if (this.#remove(kept, oldest + Math.ceil(spanSeconds / 10)) === 0) break
      }
    }
  }

  /** What the tables fill of the file. */
  #octets(): number {
    const pragma = (name: string): number => Number(this.#database.pragma(name, { simple: true }))
    return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size')
  }

  #oldest(kept: Kept): number | undefined {
    const at = kept === 'event' ? 'at_ms / 1000' : 'at'
    return (
      this.#database.prepare<[], { at: number | null }>(`SELECT min(${at}) AS at FROM ${kept}`).get()?.at ?? undefined
    )
  }

  /** Gives how many rows went. */
  #remove(kept: Kept, before: number): number {
    if (kept === 'event') return this.#database.prepare('DELETE FROM event WHERE at_ms < ?').run(before * 1000).changes
    if (kept === 'sample') return this.#database.prepare('DELETE FROM sample WHERE at < ?').run(before).changes
    // By series: that is the order in which they lie.
    const remove = this.#database.prepare(`DELETE FROM ${kept} WHERE series = ? AND at < ?`)
    const all = this.#database.transaction(() => {
      const ids = this.#database.prepare<[], { id: number }>('SELECT id FROM series').all()
      return ids.reduce((count, { id }) => count + remove.run(id, before).changes, 0)
    })
    return all.immediate()
  }
}
