/** What is wrong with the configuration files of a home, found by those who read them. Writes nothing. */
import { homeRecordMistake, missingFiles } from '../../lib/home/completion.ts'
import { type Home, requireHome } from '../../lib/home/home.ts'
import { isOfToday } from '../../lib/migration/record.ts'
import { checkAccess } from './access.ts'
import { askDaemon, askSipd, untrusted } from './daemons.ts'
import { type CheckReport, type Finding, fromComplaint } from './finding.ts'

/** Reads all configuration files as a start would. Throws when the home is none, or not for this user to read. */
export async function checkHome(home: Home): Promise<CheckReport> {
  const findings = await findingsOf(home)
  const isReadable = findings.every(({ severity }) => severity === 'warning')
  // What several files say together is of interest once each can be read.
  const together = isReadable ? (await checkAccess(home)).map(fromComplaint) : []
  return reportOf([...findings, ...together])
}

export function reportOf(findings: readonly Finding[]): CheckReport {
  return { isGood: findings.every(({ severity }) => severity === 'warning'), findings }
}

/** Of each file by itself. */
export async function findingsOf(home: Home): Promise<Finding[]> {
  requireHome(home, ['conf'])
  const missing = await missingFiles(home)
  const noRecord = await homeRecordMistake(home)
  // The daemons read their files themselves, exactly as they would on a start.
  const complaints = (
    await Promise.all([
      askDaemon('agent', home),
      askDaemon('subagents', home),
      askDaemon('console', home),
      askSipd(home),
    ])
  ).flat()
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
