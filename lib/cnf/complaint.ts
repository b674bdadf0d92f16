/** What is wrong with a file: where, and what was wished. All complaints of a file are gathered before one is told. */
export interface Complaint {
  readonly file: string
  /** Both from 1. */
  readonly line: number
  readonly column: number
  readonly message: string
}

export function formatComplaint({ file, line, column, message }: Complaint): string {
  return `${file}:${line}:${column}: ${message}`
}

/** Thrown when something must not start on files like these; its message is one line per complaint. */
export class ConfigurationError extends Error {
  readonly complaints: readonly Complaint[]

  constructor(complaints: readonly Complaint[]) {
    super(complaints.map(formatComplaint).join('\n'))
    this.name = 'ConfigurationError'
    this.complaints = complaints
  }
}
