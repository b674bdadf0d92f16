/** Rows as text in columns where these fit, else each row over several lines; never wider than the terminal. */

import { paint as paintText, printable } from '../text/escape.ts'

export interface Cell {
  readonly text: string
  readonly align?: 'right'
  /** SGR code of ECMA-48, such as 31 for red. */
  readonly colour?: number
}

export interface TableOptions {
  readonly isColoured: boolean
  /** In characters. */
  readonly width?: number
}

const gap = '  '
const indent = '    '

/** Characters in a line of the terminal; 80 where there is none. */
export function outputWidth(): number {
  return process.stdout.columns || 80
}

/** Every row has as many cells. */
export function formatTable(shown: readonly (readonly Cell[])[], options: TableOptions): string {
  // Before they are measured: an escaped control is wider.
  const rows = shown.map((row) => row.map((cell) => ({ ...cell, text: printable(cell.text) })))
  const { isColoured, width = outputWidth() } = options
  const columns = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.text.length ?? 0)))
  const fits = columns.reduce((sum, column) => sum + column + gap.length, -gap.length) <= width
  const padded = rows.map((row) =>
    row.map((cell, at) => {
      const isLast = row.slice(at + 1).every(({ text }) => text === '')
      // In several lines, only the first column is one.
      const column = isLast || (!fits && at > 0) ? 0 : Math.min(columns[at] ?? 0, width)
      return { ...cell, text: cell.align === 'right' ? cell.text.padStart(column) : cell.text.padEnd(column) }
    }),
  )
  const lines = padded.flatMap((row) => (fits ? [row] : stack(row, width)))
  const paint = ({ text, colour }: Cell): string =>
    isColoured && colour !== undefined ? paintText(text, colour) : text
  return lines.map((line) => `${line.map(paint).join(gap).trimEnd()}\n`).join('')
}

/** As many cells in a line as fit; the lines after the first are indented. */
function stack(row: readonly Cell[], width: number): Cell[][] {
  const lines: Cell[][] = []
  let line: Cell[] = []
  let used = 0
  for (const cell of row.flatMap((one) => split(one, width - indent.length))) {
    const needed = (line.length > 0 ? gap.length : 0) + cell.text.length
    if (line.length > 0 && used + needed > width) {
      lines.push(line)
      // The indent takes the place of the first gap.
      line = [{ text: indent.slice(gap.length) }]
      used = indent.length - gap.length
    }
    line.push(cell)
    used += (line.length > 1 ? gap.length : 0) + cell.text.length
  }
  return [...lines, line]
}

/** A cell as pieces that fit into a line, between words where it has some; nothing of an empty one. */
function split(cell: Cell, width: number): Cell[] {
  const pieces: Cell[] = []
  let { text } = cell
  while (text.length > width) {
    const at = text.lastIndexOf(' ', width)
    const end = at > 0 ? at : width
    pieces.push({ ...cell, text: text.slice(0, end) })
    text = text.slice(end).trimStart()
  }
  return text === '' ? pieces : [...pieces, { ...cell, text }]
}
