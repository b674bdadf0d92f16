/** A chart of one series for a terminal: columns of blocks, with what they reach at the left and when they were below. */
import type { Point, Span } from '../../console/history/query.ts'

const eighths = ['', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const
const labelWidth = 9

export interface ChartSize {
  /** Of the whole chart, in characters. */
  readonly width: number
  /** Of the columns, in lines. */
  readonly height: number
}

/** How many points a chart of this width has room for. */
export const columnsOf = ({ width }: Pick<ChartSize, 'width'>): number => Math.max(10, width - labelWidth - 2)

/** Columns rise to the mean of their span, and a lighter block above shows the greatest. Empty spans stay empty. */
export function formatChart(points: readonly Point[], span: Span, size: ChartSize): string {
  const columns = columnsOf(size)
  const { height } = size
  const high = Math.max(...points.map((point) => point.high))
  const low = Math.min(0, ...points.map((point) => point.low))
  const reach = high > low ? high - low : 1
  const byColumn = new Map(points.map((point) => [columnOf(point.at, span, columns), point]))
  const lines = Array.from({ length: height }, (_, line) => {
    const label = line === 0 ? numberText(high) : line === height - 1 ? numberText(low) : ''
    const cells = Array.from({ length: columns }, (_, column) => {
      const point = byColumn.get(column)
      if (!point) return ' '
      const bottom = height - 1 - line
      const filled = (value: number): number =>
        Math.max(0, Math.min(8, Math.round(((value - low) / reach) * height * 8) - bottom * 8))
      const block = eighths[filled(point.mean)]
      // What is there and is nothing still has a line.
      if (block === '' && bottom === 0) return '▁'
      return block || (filled(point.high) > 0 ? '·' : ' ')
    })
    return `${label.padStart(labelWidth)} ┤${cells.join('').trimEnd()}`
  })
  const [from, to] = [timeText(span.from, span), timeText(span.to, span)]
  const axis = `${' '.repeat(labelWidth)} └${'─'.repeat(columns)}`
  const times = `${' '.repeat(labelWidth + 2)}${from}${to.padStart(Math.max(to.length + 1, columns - from.length))}`
  return `${[...lines, axis, times].join('\n')}\n`
}

function columnOf(at: number, { from, to }: Span, columns: number): number {
  return Math.min(columns - 1, Math.floor(((at - from) / (to - from)) * columns))
}

/** Three digits that matter, with k, M, G where there are many. */
export function numberText(value: number): string {
  const size = Math.abs(value)
  for (const [unit, factor] of [
    ['T', 1e12],
    ['G', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ] as const)
    if (size >= factor * 10) return `${Number((value / factor).toPrecision(3))} ${unit}`
  return String(Number(value.toPrecision(size >= 1000 ? 4 : 3)))
}

/** Local time, as finely as the span needs. */
function timeText(at: number, { from, to }: Span): string {
  const date = new Date(at * 1000)
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`
  if (to - from > 14 * 86_400) return day
  return to - from > 86_400 ? `${day} ${time}` : to - from > 600 ? time : `${time}:${two(date.getSeconds())}`
}
