/** What a row of drsJobTable, or a schedule that is due, asks a job for. */
import type { Feature } from '../../lib/backup/feature.ts'
import type { JobRequest, JobTrigger } from '../../lib/backup/job.ts'
import type { NodeSettings } from '../../lib/backup/node.ts'
import { parseSetName } from '../../lib/backup/set-name.ts'
import type { DeviceSettings } from '../../lib/backup/settings.ts'
import type { JobRow } from './job-table.ts'
import { listIn, namesIn } from './job-table.ts'

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
  /** Empty for all of a backup, and for this node alone of anything else. */
  readonly nodes: readonly string[]
  readonly anyVersion: boolean
  /** Of a task that another node gave. */
  readonly task?: {
    readonly master: string
    readonly recipients: readonly string[]
    readonly fingerprint: string
  }
}

/** What is the same for all jobs of this home. */
export interface JobSetting {
  readonly job: number
  readonly home: string
  readonly node: string
  /** The other nodes that this one is the master of. */
  readonly others: readonly NodeSettings[]
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
    nodes: listIn(row.drsJobNodes),
    anyVersion: row.drsJobAnyVersion,
    ...(row.drsJobMaster === '' ? {} : { task: taskOf(row) }),
  }
}

function taskOf(row: JobRow): NonNullable<Requested['task']> {
  return {
    master: row.drsJobMaster,
    recipients: listIn(row.drsJobRecipients),
    fingerprint: row.drsJobFingerprint,
  }
}

/** Undefined where the device is not there any more. */
export function jobRequest(requested: Requested, setting: JobSetting): JobRequest | undefined {
  const { device, set, task } = requested
  const { job, home, node, declared } = setting
  const shared = {
    job,
    trigger: requested.trigger,
    ...(requested.schedule === undefined ? {} : { schedule: requested.schedule }),
    home,
    node,
    features: requested.features,
    declared,
    ...(task && { master: task.master }),
  }
  if (requested.type === 'rollback') return { ...shared, type: 'rollback' }
  if (!device) return undefined
  switch (requested.type) {
    case 'backup':
      return { ...shared, device, type: 'backup', ...backupOf(requested, setting) }
    case 'restore':
      return {
        ...{ ...shared, device, type: 'restore', set, anyVersion: requested.anyVersion },
        ...(task ? { fingerprint: task.fingerprint } : nodesToRestore(requested.nodes, setting)),
      }
    case 'verify':
      return { ...shared, device, type: 'verify', set }
    case 'drill':
      return { ...shared, device, type: 'drill', ...(set === '' ? {} : { set }) }
  }
}

function backupOf({ task, set, nodes }: Requested, { timeMs, readsBack, others }: JobSetting) {
  if (task)
    return { timeMs: parseSetName(set)?.timeMs ?? timeMs, readsBack, completesSet: false, recipients: task.recipients }
  const chosen = others.filter(({ name }) => nodes.length === 0 || nodes.includes(name))
  return { timeMs, readsBack, completesSet: true, ...(chosen.length > 0 && { nodes: chosen }) }
}

/** A name that is no node's is that of a machine whose archive is restored here. */
function nodesToRestore(names: readonly string[], { node, others }: JobSetting) {
  const chosen = others.filter(({ name }) => names.includes(name))
  const stranger = names.find((name) => name !== node && !others.some((one) => one.name === name))
  const isHere = names.length === 0 || names.includes(node) || stranger !== undefined
  return {
    ...(stranger !== undefined && { fromNode: stranger }),
    ...(chosen.length > 0 && { nodes: chosen }),
    ...(!isHere && { onlyNodes: true }),
  }
}
