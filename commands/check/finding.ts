/** What castellan check and reload find, and how it is said. */
import { type ExitCode, exitCodes } from '../../lib/cli/exit-codes.ts'
import { type Complaint, formatComplaint, isWarning } from '../../lib/cnf/complaint.ts'
import { printable } from '../../lib/text/escape.ts'

/** Something to say about the files of a home; a file that is missing, or a daemon that failed, has no place. */
export interface Finding {
  readonly severity: 'error' | 'warning'
  readonly message: string
  /** Not safe, rather than not right. */
  readonly isRefused?: true
  readonly file?: string
  readonly line?: number
  readonly column?: number
}

export interface CheckReport {
  /** No finding is an error: a start takes these files. */
  readonly isGood: boolean
  readonly findings: readonly Finding[]
}

export function fromComplaint(complaint: Complaint): Finding {
  const { file, line, column, message, isRefused } = complaint
  const severity = isWarning(complaint) ? 'warning' : 'error'
  return { severity, file, line, column, message, ...(isRefused ? { isRefused } : {}) }
}

/** The lines that people read; programs are given the report as JSON. */
export function formatReport({ isGood, findings }: CheckReport): string {
  const lines = findings.map(formatFinding)
  const warnings = findings.filter(({ severity }) => severity === 'warning').length
  const count = warnings === 0 ? '' : `; ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`
  if (isGood) lines.push(`all configuration files are good${count}`)
  return lines.map((line) => `${line}\n`).join('')
}

/** 0 when a start takes these files, 4 when it refuses them as unsafe, 1 when something in them is wrong. */
export function exitCodeOfReport({ isGood, findings }: CheckReport): ExitCode {
  if (isGood) return exitCodes.ok
  return findings.some(({ isRefused }) => isRefused) ? exitCodes.refused : exitCodes.error
}

function formatFinding({ severity, file, line, column, message }: Finding): string {
  if (file === undefined || line === undefined || column === undefined) return printable(message)
  return formatComplaint({
    file: printable(file),
    line,
    column,
    message: printable(message),
    ...(severity === 'warning' ? { severity } : {}),
  })
}
