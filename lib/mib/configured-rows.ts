/** The lines of .cnf files as the rows they make, each field with its place: what rules look at. */
import type { Place } from '../cnf/complaint.ts'
import type { CnfValues } from '../cnf/document.ts'
import type { LoadedEntry } from '../cnf/store.ts'
import { anyDefinition, type Definition } from './declare.ts'
import { withDependents } from './dependents.ts'
import { rowOf } from './entry-types.ts'
import { instanceOf } from './instance.ts'
import type { ConfiguredRow, ConfiguredRows } from './rules.ts'
import type { AnyRow } from './served.ts'

/** The lines of one file, and the tables that they are of. */
export interface LoadedFile {
  /** As complaints name it. */
  readonly file: string
  readonly definitions: readonly Definition[]
  readonly entries: readonly LoadedEntry[]
}

/** Of one row: its own line, then those of its dependents. */
type Lines = [LoadedEntry, ...LoadedEntry[]]

/** The rows of a table by instance: each of its lines, with what lines of its dependents add. */
export function valuesByInstance(definition: Definition, entries: readonly LoadedEntry[]): Map<string, CnfValues> {
  const rows = new Map<string, CnfValues>()
  for (const [instance, lines] of linesByInstance(definition, entries)) rows.set(instance, valuesOf(lines))
  return rows
}

/** What lines say together. */
function valuesOf(lines: readonly LoadedEntry[]): CnfValues {
  return Object.assign({}, ...lines.map(({ values }) => values))
}

export function configuredRows(files: readonly LoadedFile[]): ConfiguredRows {
  const find = (definition: { readonly entry: readonly number[] }) => {
    const { entryName } = anyDefinition(definition)
    for (const { file, definitions, entries } of files) {
      // Found by name: some tables are declared once for each engine.
      const own = definitions.find((one) => one.entryName === entryName)
      if (own) return { file, own, entries }
    }
    return undefined
  }
  const known = new Map<string, readonly ConfiguredRow<AnyRow>[]>()
  return {
    of: <D extends { readonly entry: readonly number[] }>(definition: D) => {
      const { entryName } = anyDefinition(definition)
      const found = find(definition)
      if (!found) return []
      const { file, own, entries } = found
      const rows =
        known.get(entryName) ?? (own.kind === 'scalars' ? [scalarsOf(own, file, entries)] : rowsOf(own, entries))
      known.set(entryName, rows)
      return rows as never // the declaration of the same name has rows of the same type
    },
    fileOf: (definition) => startOf(find(definition)?.file ?? anyDefinition(definition).name),
  }
}

function rowsOf(definition: Definition, entries: readonly LoadedEntry[]): ConfiguredRow<AnyRow>[] {
  return [...linesByInstance(definition, entries).values()].map((lines) => {
    const values = valuesOf(lines)
    return {
      row: withDependents(definition, { ...rowOf(definition, values), ...values }),
      placeOf: (column) => placeIn(lines, column),
    }
  })
}

function scalarsOf(definition: Definition, file: string, entries: readonly LoadedEntry[]): ConfiguredRow<AnyRow> {
  const lines = entries.filter(({ keyword }) => definition.cnf.includes(keyword))
  return {
    row: { ...rowOf(definition, valuesOf(lines)) },
    placeOf: (column) => {
      const line = lines.find(({ keyword }) => keyword === column)
      return line ? placeIn([line], column) : startOf(file)
    },
  }
}

/** The line of each row of a table, and then those of its dependents. */
function linesByInstance(definition: Definition, entries: readonly LoadedEntry[]): Map<string, Lines> {
  const found = new Map<string, Lines>()
  const instance = ({ values }: LoadedEntry): string => instanceOf(definition, values).join('.')
  for (const entry of entries) if (entry.keyword === definition.entryName) found.set(instance(entry), [entry])
  const dependents = new Set(definition.dependents.map(({ entryName }) => entryName))
  for (const entry of entries) if (dependents.has(entry.keyword)) found.get(instance(entry))?.push(entry)
  return found
}

/** Of a field in the first of these lines that has it; of the first line's first word when none has. */
function placeIn(lines: Lines, column: string | undefined): Place {
  const withField = column === undefined ? undefined : lines.find(({ places }) => column in places.fields)
  const line = withField ?? lines[0]
  const { line: number, column: at } =
    (column === undefined ? undefined : line.places.fields[column]) ?? line.places.keyword
  return { file: line.file, line: number, column: at }
}

function startOf(file: string): Place {
  return { file, line: 1, column: 1 }
}
