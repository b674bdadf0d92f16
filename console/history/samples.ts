/** Samples of chosen objects: as they were read for a day, then their minutes, hours and days. */
import type { Sqlite } from '../../lib/sql/sqlite.ts'
import { Marks } from '../store/marks.ts'
import { rolledUpMark, type Tier, tiers } from './tiers.ts'

/** What a series is of: a gauge as it is, a counter by how much a second it grew. */
export type SeriesKind = 'gauge' | 'rate'

export interface Sample {
  /** With its instance, in dots. */
  readonly oid: string
  readonly name: string
  readonly kind: SeriesKind
  readonly value: number
}

/** Series at most: what an agent has may grow with what others do, such as logs that are found by a pattern. */
export const mostSeries = 2000

export class SampleHistory {
  /** Samples that were left out, for there were too many series. */
  leftOut = 0
  readonly #database: Sqlite
  readonly #marks: Marks
  readonly #known = new Map<string, number>()
  readonly #insertSeries
  readonly #insertSample
  readonly #rollUps: ReadonlyMap<Tier, ReturnType<typeof rollUpStatement>>

  constructor(database: Sqlite) {
    this.#database = database
    this.#marks = new Marks(database)
    this.#insertSeries = database.prepare<[string, string, SeriesKind]>(
      'INSERT INTO series (oid, name, kind) VALUES (?, ?, ?)',
    )
    this.#insertSample = database.prepare<[number, number, number]>(
      'INSERT OR REPLACE INTO sample (series, at, value) VALUES (?, ?, ?)',
    )
    this.#rollUps = new Map(tiers.map((tier) => [tier, rollUpStatement(database, tier)]))
    this.#readSeries()
  }

  /** One moment's samples, in one transaction. */
  add(atMs: number, samples: readonly Sample[]): void {
    const at = Math.floor(atMs / 1000)
    const add = this.#database.transaction(() => {
      for (const sample of samples) {
        const series = this.#seriesOf(sample)
        if (series === undefined) this.leftOut++
        else this.#insertSample.run(series, at, sample.value)
      }
    })
    try {
      add.immediate()
    } catch (error) {
      this.#readSeries() // one that was made in it is none
      throw error
    }
  }

  /** Makes the minutes, hours and days that are over, from where that was last done; also after a while without a console. */
  rollUp(nowMs: number): void {
    const now = Math.floor(nowMs / 1000)
    const rollUp = this.#database.transaction(() => {
      for (const tier of tiers) {
        const mark = rolledUpMark(tier.table)
        const from = this.#marks.get(mark)
        const to = now - (now % tier.seconds)
        if (to <= from) continue
        this.#rollUps.get(tier)?.run({ from, to, seconds: tier.seconds })
        this.#marks.set(mark, to)
      }
    })
    rollUp.immediate()
  }

  #readSeries(): void {
    this.#known.clear()
    const all = this.#database.prepare<[], { id: number; oid: string }>('SELECT id, oid FROM series').all()
    for (const { id, oid } of all) this.#known.set(oid, id)
  }

  #seriesOf({ oid, name, kind }: Sample): number | undefined {
    const known = this.#known.get(oid)
    if (known !== undefined || this.#known.size >= mostSeries) return known
    const id = Number(this.#insertSeries.run(oid, name, kind).lastInsertRowid)
    this.#known.set(oid, id)
    return id
  }
}

/** Each tier is made of the one before it; means are weighed by how many values they stand for. */
function rollUpStatement(database: Sqlite, { table, of }: Tier) {
  const values = of === 'sample' ? 'value, value AS low, value AS high, 1 AS count' : 'mean AS value, low, high, count'
  return database.prepare<[{ from: number; to: number; seconds: number }]>(`
    INSERT OR REPLACE INTO ${table} (series, at, low, mean, high, count)
    SELECT series, at - at % @seconds, min(low), sum(value * count) / sum(count), max(high), sum(count)
    FROM (SELECT series, at, ${values} FROM ${of} WHERE at >= @from AND at < @to)
    GROUP BY series, at - at % @seconds`)
}
