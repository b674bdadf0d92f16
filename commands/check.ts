/** castellan check and reload: what is wrong with the configuration files, found by those who read them. Writes nothing. */
import { formatComplaint } from '../lib/cnf/complaint.ts'
import { homeRecordMistake, missingFiles } from '../lib/home/completion.ts'
import { type Home, requireHome } from '../lib/home/home.ts'
import { requireOwner } from '../lib/home/home-trust.ts'
import { isOfToday } from '../lib/migration/record.ts'
import { daemonOf } from '../lib/process/daemon-identity.ts'
import { printable } from '../lib/text/escape.ts'
import { letAgentTake } from './agent-takes.ts'
import { checkAccess } from './check-access.ts'
import { askDaemon, askSipd, fromComplaint, untrusted } from './check-daemons.ts'
import { letReload } from './daemons.ts'

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

/** Reads all configuration files as a start would. Throws when the home is none, or not for this user to read. */
export async function checkHome(home: Home): Promise<CheckReport> {
  const findings = await findingsOf(home)
  const isReadable = findings.every(({ severity }) => severity === 'warning')
  // What several files say together is of interest once each can be read.
  const together = isReadable ? (await checkAccess(home)).map(fromComplaint) : []
  return reportOf([...findings, ...together])
}

/** The lines that people read; programs are given the report as JSON. */
export function formatReport({ isGood, findings }: CheckReport): string {
  const lines = findings.map(formatFinding)
  const warnings = findings.filter(({ severity }) => severity === 'warning').length
  const count = warnings === 0 ? '' : `; ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`
  if (isGood) lines.push(`all configuration files are good${count}`)
  return lines.map((line) => `${line}\n`).join('')
}

/**
 * Lets the daemons that run take changed files, if these are good; if not, the report says why. The agent, which decides who
 * may do what, has taken its files when this resolves. Throws when it does not run, or does not say that it has.
 */
export async function reloadHome(home: Home): Promise<CheckReport> {
  requireHome(home)
  requireOwner(home, 'castellan reload')
  const running = (['agent', 'subagents'] as const).map((name) => daemonOf(home, name))
  if (!running[0]) throw new Error('the agent does not run')
  const report = reportOf(await findingsOf(home))
  if (!report.isGood) return report
  if (running[1]) letReload(running[1], 'subagents')
  await letAgentTake(home)
  return report
}

/** 0 when a start takes these files, 4 when it refuses them as unsafe, 1 when something in them is wrong. */
export function exitCodeOfReport({ isGood, findings }: CheckReport): number {
  if (isGood) return 0
  return findings.some(({ isRefused }) => isRefused) ? 4 : 1
}

function reportOf(findings: readonly Finding[]): CheckReport {
  return { isGood: findings.every(({ severity }) => severity === 'warning'), findings }
}

async function findingsOf(home: Home): Promise<Finding[]> {
  requireHome(home, ['conf'])
  const missing = await missingFiles(home)
  const noRecord = await homeRecordMistake(home)
  // The daemons read their files themselves, exactly as they would on a start.
  const complaints = (await Promise.all([askDaemon('agent', home), askDaemon('subagents', home), askSipd(home)])).flat()
  const distrusted = untrusted(home)
  const old = `${home.root} was made by an older version; castellan start, or castellan init, moves its files to the folders of today`
  const findings = complaints.map((finding) => {
    const file = missing.find(({ path }) => finding.message.includes(`${path} cannot be read`))
    return file ? { severity: finding.severity, file: file.path, message: file.sentence } : finding
  })
  // One that its daemon can do without is no error, and still worth a word.
  const optional = missing.filter(({ path }) => !findings.some(({ file }) => file === path))
  return [
    ...(noRecord === undefined ? [] : [{ severity: 'warning' as const, message: noRecord }]),
    ...optional.map(({ path, sentence }) => ({ severity: 'warning' as const, file: path, message: sentence })),
    ...(isOfToday(home) ? [] : [{ severity: 'warning' as const, message: old }]),
    ...distrusted,
    ...findings,
  ]
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
