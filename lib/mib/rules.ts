/** Rules about rows of configuration files: what they see, and how they say what is wrong and where. */
import type { Complaint, Place } from '../cnf/complaint.ts'
import type { RowOf } from './declare.ts'

/** A row as a file makes it, and where each of its fields stands. */
export interface ConfiguredRow<R> {
  readonly row: R
  /** Of the field; of the line's first word when the line has no such field, or none is named. */
  placeOf(column?: keyof R & string): Place
}

/** All rows of all files of one process. */
export interface ConfiguredRows {
  /** Of a table, by its declaration; of a group of scalars the one row there is, defaults included. */
  of<D extends { readonly entry: readonly number[] }>(definition: D): readonly ConfiguredRow<RowOf<D>>[]
  /** The beginning of the file that holds the table: where something is missing. */
  fileOf(definition: { readonly entry: readonly number[] }): Place
}

/**
 * Finds what is wrong with the rows of one module.
 *
 * An error is what a start cannot do or a SET refuses: nothing starts on it. Whatever a SET accepts must start again, so that
 * all else, such as a reference to a row that SNMP may make or remove later, is a warning.
 */
export type Rule = (rows: ConfiguredRows, report: Report) => void

export interface Report {
  error(at: Place, message: string): void
  /** An error that is none of the words: what they say is not safe. */
  refuse(at: Place, message: string): void
  warn(at: Place, message: string): void
}

/** Gathers what rules report, in the order of files and lines. */
export function applyRules(rules: Iterable<Rule>, rows: ConfiguredRows): Complaint[] {
  const found: Complaint[] = []
  const report: Report = {
    error: ({ file, line, column }, message) => void found.push({ file, line, column, message }),
    refuse: ({ file, line, column }, message) => void found.push({ file, line, column, message, isRefused: true }),
    warn: ({ file, line, column }, message) => void found.push({ file, line, column, message, severity: 'warning' }),
  }
  for (const rule of rules) rule(rows, report)
  return inOrder(found)
}

/** Stable: files in the order in which they were first named. */
function inOrder(complaints: readonly Complaint[]): Complaint[] {
  const files = [...new Set(complaints.map(({ file }) => file))]
  return complaints.toSorted(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
  )
}
