/** Numbers that the console remembers from one start to the next, in the same transactions as what they count. */
import type { Sqlite } from '../../lib/sql/sqlite.ts'

export class Marks {
  readonly #read
  readonly #write

  constructor(database: Sqlite) {
    this.#read = database.prepare<[string], { value: number }>('SELECT value FROM mark WHERE name = ?')
    this.#write = database.prepare<[string, number]>('INSERT OR REPLACE INTO mark (name, value) VALUES (?, ?)')
  }

  /** Zero of one that was never set. */
  get(name: string): number {
    return this.#read.get(name)?.value ?? 0
  }

  set(name: string, value: number): void {
    this.#write.run(name, value)
  }
}
