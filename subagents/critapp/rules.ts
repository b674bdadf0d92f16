/** What must hold of a row before it may be active, beyond types and ranges. */
import { parseCommand } from '../../lib/command.ts'
import type { RowOf } from '../../lib/mib/declare.ts'
import { whyNoTarget } from './health.ts'
import type { critAppProcTable } from './mib.ts'
import { isUnitName } from './unit.ts'

type ProcRow = RowOf<typeof critAppProcTable>

/** The column that keeps the row from being active; undefined when nothing does. */
export function whyNotActive(row: ProcRow, rows: Iterable<ProcRow>): keyof ProcRow | undefined {
  for (const name of ['critAppStartCommand', 'critAppTerminateCommand', 'critAppGracefulCommand'] as const)
    if (row[name] !== '' && 'error' in parseCommand(row[name])) return name
  const { critAppUnit: unit, critAppHealthKind: kind, critAppHealthTarget: target } = row
  if (unit !== '' && !isUnitName(unit)) return 'critAppUnit'
  // It is one or the other: a command beside a unit would never be run.
  if (unit !== '' && (row.critAppStartCommand !== '' || row.critAppTerminateCommand !== '')) return 'critAppUnit'
  if (whyNoTarget({ kind, target }) !== undefined) return 'critAppHealthTarget'
  // Two rows of one name would take the same process for theirs.
  for (const other of rows)
    if (
      other.critAppProcIndex !== row.critAppProcIndex &&
      other.critAppProcRowStatus === 'active' &&
      other.critAppProcName === row.critAppProcName
    )
      return 'critAppProcName'
  return undefined
}
