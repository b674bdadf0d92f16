/** Rules about logagt.cnf: patterns, files, commands, and values that never come true together. */
import { dirname, isAbsolute } from 'node:path'
import { codeOf, isMissing } from '../../lib/errors.ts'
import { isNothingAt } from '../../lib/files/files.ts'
import { patternError } from '../../lib/follow/patterns.ts'
import type { ConfiguredRow, Report, Rule } from '../../lib/mib/rules.ts'
import { commandMistake } from '../../lib/program/program-file.ts'
import { parseCommand } from '../../lib/text/command.ts'
import { Folder } from '../../lib/trust/folder.ts'
import { assertOurs } from '../../lib/trust/open.ts'
import { RefusedPathError } from '../../lib/trust/refused-path.ts'
import { siLogTable } from './mib.ts'
import { realLogPath } from './rotation/policy.ts'
import { hasPolicy } from './rotations.ts'
import type { LogRow } from './row.ts'

type Log = ConfiguredRow<LogRow>

const commandColumns = ['siLogMatchCommand', 'siLogMaxSizeCommand'] as const

/** Why a pattern is none; undefined for one that can be tried, and for none at all. Asked by a SET too. */
export function whyNoPattern({ siLogRegExp }: Pick<LogRow, 'siLogRegExp'>): string | undefined {
  return siLogRegExp === '' ? undefined : patternError(siLogRegExp)
}

export const logRule: Rule = (rows, report) => {
  for (const log of rows.of(siLogTable)) {
    const { row, placeOf } = log
    const noPattern = whyNoPattern(row)
    if (noPattern !== undefined) report.error(placeOf('siLogRegExp'), `siLogRegExp: ${noPattern}`)
    checkCommands(log, report)
    checkMatching(log, report)
    checkRotation(log, report)
  }
}

/** Files and programs that are not there now. */
export const logMachineRule: Rule = (rows, report) => {
  const rotated = new Map<string, number>()
  for (const log of rows.of(siLogTable)) {
    const { row, placeOf } = log
    checkFile(log, report)
    for (const column of commandColumns) {
      const mistake = row[column] === '' ? undefined : commandMistake(row[column])
      if (mistake?.severity === 'warning') report.warn(placeOf(column), `${column}: ${mistake.message}`)
    }
    if (!hasPolicy(row)) continue
    const path = realLogPath(row.siLogFileName)
    const before = rotated.get(path)
    if (before !== undefined)
      report.warn(
        placeOf('siLogFileName'),
        `row ${before} has a rotation policy for the same file; this one is not in force`,
      )
    rotated.set(path, before ?? row.siLogIndex)
  }
}

/** The file itself may come later; a folder that is not there is more likely a typing mistake. */
function checkFile({ row: { siLogFileName: path }, placeOf }: Log, report: Report): void {
  const at = placeOf('siLogFileName')
  if (!isAbsolute(path)) {
    report.warn(at, `siLogFileName must begin with / to be found from anywhere, got ${path}`)
    return
  }
  try {
    assertReadableLog(path)
  } catch (error) {
    if (error instanceof RefusedPathError)
      report.warn(
        at,
        error.kind === 'notRegular' ? `${path} is not a regular file, and will not be read` : error.message,
      )
    if (isMissing(error) && isNothingAt(dirname(path))) report.warn(at, `there is no folder ${dirname(path)}`)
    if (codeOf(error) === 'ENOTDIR') report.warn(at, `a part of ${path} is a file, not a folder`)
  }
}

/** Throws what a follower of the path would come upon. */
function assertReadableLog(path: string): void {
  const { folder, name } = Folder.locateSync(path)
  try {
    assertOurs(folder.lstatSync(name), { folder, name }, 'read', path)
  } finally {
    folder.close()
  }
}

/** No SET writes these; a command that cannot be read as one would fail each time it is due. */
function checkCommands({ row, placeOf }: Log, report: Report): void {
  for (const column of commandColumns) {
    const parsed = row[column] === '' ? undefined : parseCommand(row[column])
    if (parsed && 'error' in parsed) report.error(placeOf(column), `${column}: ${parsed.error}`)
  }
}

function checkMatching({ row, placeOf }: Log, report: Report): void {
  const { siLogMatchStart: start, siLogMatchStop: stop } = row
  if (stop > 0 && start > stop)
    report.warn(
      placeOf('siLogMatchStart'),
      `siLogMatchStart ${start} is beyond siLogMatchStop ${stop}, so no text is looked at`,
    )
  if (row.siLogRegExp === '' && (row.siLogMatchCommand !== '' || row.siLogMatchTrap))
    report.warn(placeOf('siLogRegExp'), 'without a pattern nothing matches, and neither command nor trap comes')
}

function checkRotation({ row, placeOf }: Log, report: Report): void {
  const { siLogRotateSize: size, siLogRotateKeepOctets: kept } = row
  if (kept > 0 && kept < size)
    report.warn(
      placeOf('siLogRotateKeepOctets'),
      `siLogRotateKeepOctets ${kept} is below siLogRotateSize ${size}; what is rotated by size may be deleted at once`,
    )
  if (hasPolicy(row) && size === 0 && row.siLogRotateSeconds === 0)
    report.warn(
      placeOf('siLogRotateSize'),
      'neither siLogRotateSize nor siLogRotateSeconds says when, so the file is rotated by hand alone',
    )
}
