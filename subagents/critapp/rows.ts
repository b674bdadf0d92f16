/** Rows of critAppProcTable: what one asks of the supervisor, and what the supervisor shows in it. */
import type { RowOf } from '../../lib/mib/declare.ts'
import type { ServedTable } from '../../lib/mib/served.ts'
import { quoted } from './health/health.ts'
import type { critAppProcTable } from './mib.ts'
import { type ProcessSpec, type SupervisedProcess, unknownProcess } from './process/process.ts'

export type ProcRow = RowOf<typeof critAppProcTable>
export type ProcTable = ServedTable<typeof critAppProcTable>

export function activeRows(table: ProcTable): ProcRow[] {
  return [...table.rows()].filter((row) => row.critAppProcRowStatus === 'active')
}

export function specOf(row: ProcRow): ProcessSpec {
  return {
    index: row.critAppProcIndex,
    name: row.critAppProcName,
    startCommand: row.critAppStartCommand,
    terminateCommand: row.critAppTerminateCommand,
    adminStatus: row.critAppAdminStatus,
    restartOnExit: row.critAppRestartOnExit,
    restartIntervalMs: row.critAppRestartInterval * 10,
    findOnStartup: row.critAppFindOnStartup,
    stopTimeoutSeconds: row.critAppStopTimeout,
    gracefulCommand: row.critAppGracefulCommand,
    maxRestarts: row.critAppMaxRestarts,
    restartWindowMs: row.critAppRestartWindow * 1000,
    startOrder: row.critAppStartOrder,
    unit: row.critAppUnit,
    health: {
      kind: row.critAppHealthKind,
      target: row.critAppHealthTarget,
      intervalMs: row.critAppHealthInterval * 1000,
      timeoutMs: row.critAppHealthTimeout * 1000,
      failures: row.critAppHealthFailures,
    },
  }
}

/** The columns that show what is so. */
export function columnsOf(process: SupervisedProcess): Partial<ProcRow> {
  return {
    critAppOperStatus: process.isUp ? 'up' : 'down',
    critAppProcState: process.state,
    critAppHealthStatus: process.health,
    critAppProcPid: process.pid,
    critAppProcCount: process.count,
    critAppLastStartTime: process.lastStart,
    critAppLastExitTime: process.lastExit,
    critAppLastExitCode: process.lastExitCode,
    critAppLastExitSignal: process.lastExitSignal,
    critAppRestarts: process.restarts,
    critAppExits: process.exits,
    critAppLastError: process.lastError,
  }
}

/** The same where nobody looks any more, so that nothing is known. */
export function unknownColumns(row: ProcRow): Partial<ProcRow> {
  return columnsOf(unknownProcess(specOf(row)))
}

/** An application as `castellan start` has to know it. */
export interface AppState {
  readonly name: string
  readonly wanted: 'up' | 'down'
  readonly isUp: boolean
  readonly state: ProcRow['critAppProcState']
  readonly lastError: string
}

/** `said` is what was printed before its last error. */
export function appStateOf(row: ProcRow, said = ''): AppState {
  return {
    name: row.critAppProcName,
    wanted: row.critAppAdminStatus,
    isUp: row.critAppOperStatus === 'up',
    state: row.critAppProcState,
    lastError: `${row.critAppLastError}${quoted(said)}`,
  }
}
