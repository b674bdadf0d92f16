/** castellan history: how a value was over a span, as a chart or as numbers. */
import {
  allSeries,
  type Point,
  pointsOf,
  type SeriesSummary,
  type Span,
  seriesOf,
} from '../../console/history/query.ts'
import { defineCommand } from '../../lib/cli/command.ts'
import { exitCodes, UsageError } from '../../lib/cli/exit-codes.ts'
import { flag, json, parsedOr, spanAsMs } from '../../lib/cli/options.ts'
import { print } from '../../lib/cli/print.ts'
import { formatTable, outputWidth } from '../../lib/cli/table.ts'
import type { Sqlite } from '../../lib/sql/sqlite.ts'
import { printable } from '../../lib/text/escape.ts'
import { columnsOf, formatChart, numberText } from './chart.ts'
import { withHistory } from './open.ts'

const height = 8
/** Of --json and --csv. */
const mostPoints = 2000

export const historyCommand = defineCommand({
  name: 'history',
  operands: '[object]',
  summary: 'how a value was: a chart, or numbers with --json and --csv; without an object, what is kept',
  details:
    'The console samples the objects that conf/console/history.cnf names. An object without its instance stands for all of them. Of a counter the history keeps how much a second it grew.',
  example: 'castellan history hrProcessorLoad --since 2d',
  exitCodes: { 1: 'nothing is kept of this object, or the console never ran' },
  options: {
    since: parsedOr('--since <span>', 'how far back, such as 30m, 2h, 2d, 1w or 1y', spanAsMs, 3_600_000, '1h'),
    json,
    csv: flag('--csv', 'lines of time, name, low, mean, high'),
  },
  async run({ home, operands: [object], options }) {
    const to = Math.ceil(Date.now() / 1000)
    const span: Span = { from: to - Math.floor(options.since / 1000), to }
    if (options.json && options.csv) throw new UsageError('--json and --csv exclude each other')
    print(
      await withHistory(home, (database) =>
        object === undefined ? formatSeries(database) : formatObject(database, object, span, options),
      ),
    )
    return exitCodes.ok
  },
})

interface Format {
  readonly json: boolean
  readonly csv: boolean
}

function formatSeries(database: Sqlite): string {
  const rows = allSeries(database).map(({ name, kind }) => [
    { text: name },
    { text: kind === 'rate' ? 'a second' : '' },
  ])
  return rows.length === 0 ? 'nothing is kept yet\n' : formatTable(rows, { isColoured: false })
}

function formatObject(database: Sqlite, object: string, span: Span, { json, csv }: Format): string {
  const found = seriesOf(database, object)
  if (found.length === 0)
    throw new Error(
      `nothing is kept of ${object}; castellan history lists what is, and historySampleEntry of history.cnf adds to it`,
    )
  const width = outputWidth()
  const atMost = json || csv ? mostPoints : columnsOf({ width })
  const all = found.map((series) => ({ series, points: pointsOf(database, series.id, span, atMost) }))
  if (json) return `${JSON.stringify(all.map(({ series, points }) => ({ ...series, points: points.map(withTime) })))}\n`
  if (csv) return ['time,name,low,mean,high', ...all.flatMap(csvLines), ''].join('\n')
  return all.map(({ series, points }) => formatOne(series, points, span, width)).join('\n')
}

function formatOne({ name, kind }: SeriesSummary, points: readonly Point[], span: Span, width: number): string {
  const title = `${printable(name)}${kind === 'rate' ? ', a second' : ''}`
  const last = points.at(-1)
  if (!last) return `${title}: nothing is kept of this span\n`
  const most = Math.max(...points.map(({ high }) => high))
  const mean = points.reduce((sum, point) => sum + point.mean, 0) / points.length
  const figures = `last ${numberText(last.mean)}, mean ${numberText(mean)}, highest ${numberText(most)}`
  return `${title}: ${figures}\n${formatChart(points, span, { width, height })}`
}

function withTime({ at, low, mean, high }: Point) {
  return { time: new Date(at * 1000).toISOString(), low, mean, high }
}

function csvLines({ series, points }: { readonly series: SeriesSummary; readonly points: readonly Point[] }): string[] {
  return points.map(({ at, low, mean, high }) =>
    [new Date(at * 1000).toISOString(), `"${series.name.replaceAll('"', '""')}"`, low, mean, high].join(','),
  )
}
