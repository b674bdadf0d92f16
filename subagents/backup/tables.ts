/** The tables of the module, for what works on them while it runs. */
import type { Feature } from '../../lib/backup/feature.ts'
import type { Alarms } from './alarms.ts'
import type { DeviceTable } from './device-table.ts'
import type { FileTable } from './file-table.ts'
import type { Globals } from './globals.ts'
import type { History } from './history.ts'
import type { JobTable } from './job-table.ts'
import type { NodeTable } from './node-table.ts'
import type { Registrations } from './registrations.ts'
import type { ScheduleTable } from './schedule-table.ts'

export interface Tables {
  readonly globals: Globals
  readonly devices: DeviceTable
  readonly schedules: ScheduleTable
  readonly nodes: NodeTable
  readonly jobs: JobTable
  readonly history: History
  readonly registrations: Registrations
  readonly files: FileTable
  readonly alarms: Alarms
  /** What backup.cnf adds. */
  declared(): readonly Feature[]
  /** A number that no job has. */
  nextJob(): number
}
