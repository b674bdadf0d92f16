/** drsGlobals: what is true of all backups of this home. */
import { hostname } from 'node:os'
import { mostNodes } from '../../lib/backup/node.ts'
import { mostDevices, mostSchedules } from '../../lib/backup/settings.ts'
import { nextIndex } from '../../lib/mib/next-index.ts'
import { SingleRow } from '../../lib/mib/single-row.ts'
import { programVersion } from '../../lib/version.ts'
import { dateOf } from './dates.ts'
import type { History } from './history.ts'
import { drsGlobals } from './mib.ts'

export interface GlobalsOptions {
  readonly history: History
  isUp(): boolean
  /** 0 while none runs. */
  currentJob(): number
  nextJob(): number
  /** In ascending order. */
  devices(): readonly number[]
  schedules(): readonly number[]
  nodes(): readonly number[]
  /** After a SET. */
  changed(): void
}

export type Globals = ReturnType<typeof serveGlobals>

/** The defaults of the declaration. */
const initial = {
  drsHistoryLimit: 20,
  drsNotificationsEnabled: true,
  drsMaxBackupAgeDays: 0,
  drsMaxDrillAgeDays: 0,
  drsReadBack: true,
} as const

export function serveGlobals({
  history,
  isUp,
  currentJob,
  nextJob,
  devices,
  schedules,
  nodes,
  changed,
}: GlobalsOptions) {
  const free = (used: readonly number[], most: number): number => (used.length >= most ? 0 : nextIndex(used))
  return new SingleRow(drsGlobals, initial, {
    live: {
      drsMasterAgentStatus: () => (isUp() ? 'up' : 'down'),
      drsMasterAgentNode: () => hostname(),
      drsSoftwareVersion: () => programVersion(),
      drsCurrentJob: currentJob,
      drsLastBackupTime: () => dateOf(history.last('backup', { good: true })?.completedMs),
      drsLastBackupResult: () => history.last('backup')?.result ?? 'none',
      drsLastRestoreResult: () => history.last('restore')?.result ?? 'none',
      drsMaxDevices: () => mostDevices,
      drsMaxSchedules: () => mostSchedules,
      drsDeviceNextIndex: () => free(devices(), mostDevices),
      drsScheduleNextIndex: () => free(schedules(), mostSchedules),
      drsJobNextIndex: nextJob,
      drsNodeNextIndex: () => free(nodes(), mostNodes),
      drsLastDrillTime: () => dateOf(history.last('drill', { good: true })?.completedMs),
      drsLastDrillResult: () => history.last('drill')?.result ?? 'none',
    },
    commit: () => ({ finish: changed }),
  })
}
