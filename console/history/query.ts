/** What the history answers: a series over a span, as finely as it is asked for and as it is kept. */
import type { Sqlite } from '../../lib/sql/sqlite.ts'
import { Marks } from '../store/marks.ts'
import type { SeriesKind } from './samples.ts'
import { rolledUpMark, type Tier, tiers } from './tiers.ts'

export interface SeriesSummary {
  readonly id: number
  readonly oid: string
  readonly name: string
  readonly kind: SeriesKind
}

export interface Point {
  /** Seconds since 1970: when its span begins. */
  readonly at: number
  readonly low: number
  readonly mean: number
  readonly high: number
}

export interface Span {
  readonly from: number
  readonly to: number
}

export function allSeries(database: Sqlite): SeriesSummary[] {
  return database.prepare<[], SeriesSummary>('SELECT id, oid, name, kind FROM series ORDER BY name').all()
}

/** By name or OID, with its instance or, of an object, all of its instances. */
export function seriesOf(database: Sqlite, object: string): SeriesSummary[] {
  return allSeries(database).filter(({ name, oid }) =>
    [name, oid].some((one) => one === object || one.startsWith(`${object}.`)),
  )
}

/**
 * In at most so many points, each of a whole number of minutes, hours or days, or of samples; empty spans have none. What is not
 * gathered yet, as the hour that is under way, comes from the finer tiers.
 */
export function pointsOf(database: Sqlite, series: number, span: Span, atMost: number): Point[] {
  const perPoint = Math.max(1, Math.ceil((span.to - span.from) / atMost))
  const unit = tiers.findLast(({ seconds }) => seconds <= perPoint)?.seconds ?? 1
  const parts = partsOf(database, span, perPoint)
  const rows = parts.map(({ table, from, to }) => {
    const columns =
      table === 'sample' ? 'value AS low, value AS mean, value AS high, 1 AS count' : 'low, mean, high, count'
    return `SELECT at, ${columns} FROM ${table} WHERE series = @series AND at >= ${from} AND at < ${to}`
  })
  if (rows.length === 0) return []
  return database
    .prepare<[{ series: number; from: number; step: number }], Point>(`
      SELECT min(at) AS at, min(low) AS low, sum(mean * count) / sum(count) AS mean, max(high) AS high
      FROM (${rows.join(' UNION ALL ')}) GROUP BY CAST((at - @from) / @step AS INTEGER) ORDER BY at`)
    .all({ series, from: span.from, step: Math.ceil(perPoint / unit) * unit })
}

interface Part extends Span {
  readonly table: Tier['table'] | 'sample'
}

/** The span cut at where each tier ends: from the coarsest that is fine enough, and what it has not from those before it. */
function partsOf(database: Sqlite, span: Span, perPoint: number): Part[] {
  const marks = new Marks(database)
  const fine = tiers.filter(({ seconds }) => seconds <= perPoint)
  // Samples go back a day; further back there are their minutes.
  const oldest = database.prepare<[], { at: number | null }>('SELECT min(at) AS at FROM sample').get()?.at ?? span.to
  const parts: Part[] = []
  let from = span.from
  for (const { table } of fine.toReversed()) {
    const to = Math.min(span.to, marks.get(rolledUpMark(table)))
    if (to <= from) continue
    parts.push({ table, from, to })
    from = to
  }
  const [minutes] = tiers
  if (fine.length === 0 && minutes && from < oldest) {
    const to = Math.min(oldest - (oldest % minutes.seconds), span.to)
    if (to > from) parts.push({ table: minutes.table, from, to })
    from = Math.max(from, to)
  }
  return from < span.to ? [...parts, { table: 'sample', from, to: span.to }] : parts
}
