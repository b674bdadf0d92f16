/** What is wrong with a file, and where. All complaints of all files are gathered before the first is reported. */

/** A place in a file; line and column from 1. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

export interface Complaint extends Place {
  readonly message: string
  /** Legal, and suspicious: nothing is refused for it. Without it nothing starts on the file. */
  readonly severity?: 'warning'
  /** Refused for what it would let others do, not for a mistake in its words: commands end with exit code 4. */
  readonly isRefused?: true
}

export function formatComplaint({ file, line, column, message, severity }: Complaint): string {
  return `${file}:${line}:${column}: ${severity === undefined ? '' : `${severity}: `}${message}`
}

export function isWarning({ severity }: Complaint): boolean {
  return severity === 'warning'
}

/** Thrown when something must not start on files like these; its message is one line per complaint. */
export class ConfigurationError extends Error {
  readonly complaints: readonly Complaint[]
  readonly exitCode: 1 | 4

  constructor(complaints: readonly Complaint[]) {
    super(complaints.map(formatComplaint).join('\n'))
    this.name = 'ConfigurationError'
    this.complaints = complaints
    this.exitCode = complaints.some(({ isRefused }) => isRefused) ? 4 : 1
  }
}
