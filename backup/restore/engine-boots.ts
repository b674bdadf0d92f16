/**
 * snmpEngineBoots after a restore (RFC 3414 §2.2): higher than any that the lost machine can have reached since the backup, or
 * managers would take its messages for old ones.
 */

import type { Home } from '../../lib/home/home.ts'
import { enginePath, raiseBoots, readEngineStarts } from '../../snmp/engine/engine-identity.ts'

/** More starts than anybody makes by hand, and one a minute besides. */
const marginBoots = 1000
const minuteMs = 60_000

export interface BackupAge {
  readonly backupMs: number
  readonly nowMs: number
}

/** Changes the archived file, which lies at `staged`, before it gets into its place. */
export async function raiseArchivedBoots(staged: string, home: Home, { backupMs, nowMs }: BackupAge): Promise<void> {
  const live = await readEngineStarts(enginePath(home)).catch(() => undefined)
  await raiseBoots(staged, ({ engineId, boots }) => {
    const sinceBackup = boots + marginBoots + Math.ceil(Math.max(0, nowMs - backupMs) / minuteMs)
    const isSame = live !== undefined && Buffer.from(live.engineId).equals(engineId)
    return isSame ? Math.max(sinceBackup, live.boots) : sinceBackup
  })
}
