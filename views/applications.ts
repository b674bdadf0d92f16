/** The critical applications of an appliance, as its agent shows them (CASTELLAN-CRITAPP-MIB), and what may be asked of them. */

import { type WalkedRow, walkTable } from '../lib/mib/table-walk.ts'
import type { Varbind } from '../lib/smi/value.ts'
import { type Manager, ResponseError } from '../snmp/manager/manager.ts'
import { critAppProcTable } from '../subagents/critapp/mib.ts'

const { columns } = critAppProcTable
type ProcRow = WalkedRow<typeof critAppProcTable>
type ValueOf<K extends keyof ProcRow> = NonNullable<ProcRow[K]>

export interface Application {
  readonly index: number
  readonly name: string
  readonly wanted: ValueOf<'critAppAdminStatus'>
  readonly status: ValueOf<'critAppOperStatus'>
  readonly state: ValueOf<'critAppProcState'>
  /** What the last health check said; undefined where there is none. */
  readonly health: ValueOf<'critAppHealthStatus'> | undefined
  /** 0 while it does not run. */
  readonly pid: number
  readonly upTimeSeconds: number
  readonly restarts: number
  readonly exits: number
  readonly lastError: string
}

/** What somebody may want of one. */
export type ApplicationOrder = 'start' | 'stop' | 'graceful'

/** The object that starts and stops: who may set it sees applications as well. */
export const applicationsObject = columns.critAppAdminStatus.oid

/** An application refused what was asked, so that nothing happened to any of them. */
export class OrderRefusedError extends Error {}

export async function readApplications(manager: Manager): Promise<Application[]> {
  return (await walkTable(manager, critAppProcTable)).flatMap((row) => {
    const { critAppProcName: name } = row
    return name === undefined ? [] : [applicationOf(row, name)]
  })
}

/** All in one SET, so that they start in their order and stop in its reverse. */
export async function setApplications(
  manager: Manager,
  applications: readonly Application[],
  order: ApplicationOrder,
): Promise<void> {
  try {
    await manager.set(applications.map(({ index }) => orderVarbind(index, order)))
  } catch (error) {
    if (!(error instanceof ResponseError)) throw error
    const refused = applications[error.errorIndex - 1] ?? applications[0]
    if (!refused) throw error
    const why =
      order === 'graceful' && error.status === 'inconsistentValue'
        ? `it is ${refused.state}, or has no graceful command`
        : `the agent answered ${error.status}`
    throw new OrderRefusedError(`${refused.name}: ${order} was refused, and nothing happened: ${why}`, { cause: error })
  }
}

function applicationOf(row: ProcRow, name: string): Application {
  return {
    index: row.critAppProcIndex,
    name,
    wanted: row.critAppAdminStatus ?? 'down',
    status: row.critAppOperStatus ?? 'down',
    state: row.critAppProcState ?? 'unknown',
    health: (row.critAppHealthKind ?? 'none') === 'none' ? undefined : row.critAppHealthStatus,
    pid: row.critAppProcPid ?? 0,
    upTimeSeconds: Math.floor((row.critAppProcUpTime ?? 0) / 100),
    restarts: row.critAppRestarts ?? 0,
    exits: row.critAppExits ?? 0,
    lastError: row.critAppLastError ?? '',
  }
}

function orderVarbind(index: number, order: ApplicationOrder): Varbind {
  const { critAppAdminStatus: admin, critAppGracefulRestart: graceful } = columns
  return order === 'graceful'
    ? { name: [...graceful.oid, index], value: graceful.syntax.toSnmp('restart') }
    : { name: [...admin.oid, index], value: admin.syntax.toSnmp(order === 'start' ? 'up' : 'down') }
}
