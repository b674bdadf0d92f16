/** Routes as comma-separated values with a header line: what an import reads, and an export writes. */
import { type Cell, type CsvMistake, csvLine, readCsv } from './csv.ts'
import {
  type Column,
  columns,
  formatRoute,
  keyOf,
  mostRoutes,
  type Route,
  type RouteTexts,
  readRoute,
} from './route.ts'

export interface ReadRoutes {
  readonly routes: readonly Route[]
  /** All that is wrong; no route may be taken where there is anything. */
  readonly mistakes: readonly CsvMistake[]
}

const required: readonly Column[] = ['destination_pattern', 'next_hop']

/** Reads a file; columns may stand in any order, and those that are missing have their default. */
export function readRoutesCsv(text: string): ReadRoutes {
  const { rows, mistakes } = readCsv(text)
  const [header, ...lines] = rows
  if (!header)
    return { routes: [], mistakes: [{ line: 1, column: 1, message: `expected a header line: ${columns.join(',')}` }] }
  const names = columnsOf(header, mistakes)
  if (mistakes.length > 0) return { routes: [], mistakes }
  const routes: Route[] = []
  const lineOf = new Map<string, number>()
  for (const cells of lines) {
    const route = routeOf(cells, names, mistakes)
    const line = cells[0]?.line ?? 0
    if (!route) continue
    const before = lineOf.get(keyOf(route))
    if (before !== undefined)
      mistakes.push({ line, column: 1, message: `the same pattern and next hop as in line ${before}` })
    lineOf.set(keyOf(route), line)
    routes.push(route)
    if (routes.length === mostRoutes + 1)
      mistakes.push({ line, column: 1, message: `there may be ${mostRoutes} routes at most` })
  }
  return { routes, mistakes }
}

export function formatRoutesCsv(routes: Iterable<Route>): string {
  const lines = [csvLine(columns)]
  for (const route of routes) {
    const texts = formatRoute(route)
    lines.push(csvLine(columns.map((column) => texts[column])))
  }
  return lines.join('')
}

function columnsOf(header: readonly Cell[], mistakes: CsvMistake[]): readonly Column[] {
  const names = header.flatMap((cell, i): Column[] => {
    const name = cell.text.toLowerCase()
    const column = columns.find((one) => one === name)
    const isAgain = header.findIndex(({ text }) => text.toLowerCase() === name) < i
    if (column === undefined)
      mistakes.push(
        mistakeAt(cell, `unknown column ${JSON.stringify(cell.text)}; the columns are ${columns.join(', ')}`),
      )
    else if (isAgain) mistakes.push(mistakeAt(cell, `the column ${name} stands twice`))
    return column === undefined ? [] : [column]
  })
  const [first] = header
  for (const column of required)
    if (first && !names.includes(column)) mistakes.push(mistakeAt(first, `the header has no column ${column}`))
  return names
}

function routeOf(cells: readonly Cell[], names: readonly Column[], mistakes: CsvMistake[]): Route | undefined {
  const last = cells.at(-1)
  if (cells.length !== names.length) {
    if (last) mistakes.push(mistakeAt(last, `expected ${names.length} values as in the header, got ${cells.length}`))
    return undefined
  }
  const texts: Partial<Record<Column, string>> = {}
  for (const [i, name] of names.entries()) texts[name] = cells[i]?.text ?? ''
  const read = readRoute(texts satisfies Partial<RouteTexts>)
  if ('route' in read) return read.route
  for (const { column, expected } of read.mistakes) {
    const cell = cells[names.indexOf(column)] ?? cells[0]
    if (cell) mistakes.push(mistakeAt(cell, `${column}: expected ${expected}, got ${JSON.stringify(cell.text)}`))
  }
  return undefined
}

function mistakeAt({ line, column }: Cell, message: string): CsvMistake {
  return { line, column, message }
}
