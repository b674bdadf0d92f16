/** What a row of drsJobTable, or a schedule that is due, asks a job for. */
import type { Feature } from '../../lib/backup/feature.ts'
import type { JobRequest, JobTrigger } from '../../lib/backup/job.ts'
import type { DeviceSettings } from '../../lib/backup/settings.ts'
import type { JobRow } from './job-table.ts'
import { namesIn } from './job-table.ts'

export interface Requested {
  readonly type: JobRequest['type']
  readonly trigger: JobTrigger
  readonly schedule?: number
  /** Undefined for a rollback alone. */
  readonly device: DeviceSettings | undefined
  /** Empty for all. */
  readonly features: readonly string[]
  /** Empty for a new one, or the newest. */
  readonly set: string
  readonly fromNode: string
  readonly anyVersion: boolean
}

/** What is the same for all jobs of this home. */
export interface JobSetting {
  readonly job: number
  readonly home: string
  readonly node: string
  readonly declared: readonly Feature[]
  readonly timeMs: number
  readonly readsBack: boolean
}

export function requestedBy(row: JobRow, device: DeviceSettings | undefined): Requested {
  return {
    type: row.drsJobType,
    trigger: row.drsJobTrigger,
    device,
    features: namesIn(row.drsJobFeatures),
    set: row.drsJobFileName,
    fromNode: row.drsJobNodes.split(',')[0]?.trim() ?? '',
    anyVersion: row.drsJobAnyVersion,
  }
}

/** Undefined where the device is not there any more. */
export function jobRequest(requested: Requested, setting: JobSetting): JobRequest | undefined {
  const { device, set } = requested
  const { job, home, node, declared, timeMs, readsBack } = setting
  const shared = {
    job,
    trigger: requested.trigger,
    ...(requested.schedule === undefined ? {} : { schedule: requested.schedule }),
    home,
    node,
    features: requested.features,
    declared,
  }
  if (requested.type === 'rollback') return { ...shared, type: 'rollback' }
  if (!device) return undefined
  switch (requested.type) {
    case 'backup':
      return { ...shared, device, type: 'backup', timeMs, readsBack, completesSet: true }
    case 'restore': {
      const from = requested.fromNode === '' ? {} : { fromNode: requested.fromNode }
      return { ...shared, device, type: 'restore', set, anyVersion: requested.anyVersion, ...from }
    }
    case 'verify':
      return { ...shared, device, type: 'verify', set }
    case 'drill':
      return { ...shared, device, type: 'drill', ...(set === '' ? {} : { set }) }
  }
}
