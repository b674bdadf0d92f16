/** What must hold of a row before it may be active, beyond types and ranges: for a SET, and for lines of critagt.cnf. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ConfiguredRow, Report, Rule } from '../../lib/mib/rules.ts'
import { commandMistake } from '../../lib/program/program-file.ts'
import { parseCommand } from '../../lib/text/command.ts'
import { whyNoTarget } from './health/health.ts'
import { fullUnitName, isUnitName } from './host/unit.ts'
import { critAppProcTable } from './mib.ts'
import type { ProcRow } from './rows.ts'

/** What keeps a row from being active, and its column. */
export interface Mistake {
  readonly column: keyof ProcRow
  readonly message: string
}

const commandColumns = ['critAppStartCommand', 'critAppTerminateCommand', 'critAppGracefulCommand'] as const

/** The first mistake among the columns of a row; undefined when it may be active beside the others. */
export function whyNotActive(row: ProcRow, rows: Iterable<ProcRow>): Mistake | undefined {
  for (const column of commandColumns) {
    const parsed = row[column] === '' ? undefined : parseCommand(row[column])
    if (parsed && 'error' in parsed) return { column, message: `${column}: ${parsed.error}` }
  }
  const { critAppUnit: unit, critAppHealthKind: kind, critAppHealthTarget: target } = row
  if (unit !== '' && !isUnitName(unit)) return { column: 'critAppUnit', message: `${unit} is not the name of a unit` }
  if (unit !== '' && (row.critAppStartCommand !== '' || row.critAppTerminateCommand !== ''))
    return {
      column: 'critAppUnit',
      message: 'a row has either critAppUnit or commands to start and stop; beside a unit these would never run',
    }
  const noTarget = whyNoTarget({ kind, target })
  if (noTarget !== undefined)
    return { column: 'critAppHealthTarget', message: `critAppHealthTarget of kind ${kind}: ${noTarget}` }
  for (const other of rows)
    if (
      other.critAppProcIndex !== row.critAppProcIndex &&
      other.critAppProcRowStatus === 'active' &&
      other.critAppProcName === row.critAppProcName
    )
      return {
        column: 'critAppProcName',
        message: `row ${other.critAppProcIndex} is named ${row.critAppProcName} too; both would take the same process for theirs`,
      }
  return undefined
}

/** Rows of the file, each against those before it: of two that cannot be together, the second has the mistake. */
export const processRule: Rule = (rows, report) => {
  const before: ProcRow[] = []
  for (const configured of rows.of(critAppProcTable)) {
    const mistake = whyNotActive(configured.row, before)
    if (mistake) report.error(configured.placeOf(mistake.column), mistake.message)
    else checkTogether(configured, report)
    before.push(configured.row)
  }
}

function checkTogether({ row, placeOf }: ConfiguredRow<ProcRow>, report: Report): void {
  if (row.critAppAdminStatus === 'up' && row.critAppUnit === '' && row.critAppStartCommand === '')
    report.warn(placeOf('critAppStartCommand'), 'the process is wanted up, and there is no command to start it')
  if (row.critAppMaxRestarts > 0 && row.critAppRestartWindow === 0)
    report.warn(placeOf('critAppRestartWindow'), 'within 0 seconds critAppMaxRestarts is never reached')
}

/** Programs and units may be installed later, so that a row without them is legal. */
export const programRule: Rule = (rows, report) => {
  for (const configured of rows.of(critAppProcTable)) checkPrograms(configured, report)
}

function checkPrograms({ row, placeOf }: ConfiguredRow<ProcRow>, report: Report): void {
  const commands: readonly (keyof ProcRow & string)[] =
    row.critAppHealthKind === 'command' ? [...commandColumns, 'critAppHealthTarget'] : commandColumns
  for (const column of commands) {
    const command = String(row[column])
    const mistake = command === '' ? undefined : commandMistake(command)
    if (mistake?.severity === 'warning') report.warn(placeOf(column), `${column}: ${mistake.message}`)
  }
  const { critAppUnit: unit } = row
  if (isUnitName(unit) && !isInstalled(unit))
    report.warn(placeOf('critAppUnit'), `systemd has no unit ${fullUnitName(unit)}`)
}

/** The folders of systemd.unit(5) for the machine's own manager; `name@instance` comes from the template `name@`. */
const unitFolders = [
  '/etc/systemd/system',
  '/run/systemd/system',
  '/run/systemd/generator',
  '/run/systemd/transient',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
]

function isInstalled(unit: string): boolean {
  const name = fullUnitName(unit)
  const names = [name, name.replace(/@[^.]+\./, '@.')]
  return unitFolders.some((folder) => names.some((one) => existsSync(join(folder, one))))
}
