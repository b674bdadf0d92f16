/**
 * What a backup job and those who ask for it say to each other. A job has a folder of its own, root's alone, with
 * `request.json` (written before it starts), `status.json` (replaced by the job as it goes on, at least every ten seconds),
 * `job.log`, and `cancel` (an empty file that whoever wants the job to end makes). So a job outlives those who started it,
 * and they outlive it.
 */
import type { Feature } from './feature.ts'
import type { JobResult } from './job-result.ts'
import type { NodeSettings, WrittenPart } from './node.ts'
import type { DeviceSettings } from './settings.ts'

export type { JobResult }
/** drsJobTrigger. */
export type JobTrigger = 'manual' | 'schedule' | 'snmp'

interface AnyRequest {
  /** drsJobIndex. */
  readonly job: number
  readonly trigger: JobTrigger
  /** drsScheduleIndex of the schedule that started it; none where a person did. */
  readonly schedule?: number
  /** The root folder of the home. */
  readonly home: string
  /** This machine's name among the nodes of the set. */
  readonly node: string
  readonly device: DeviceSettings
  /** Names in upper case; none means every one that is known. Required ones are always in it. */
  readonly features: readonly string[]
  /** Those that backup.cnf adds to what every appliance has. */
  readonly declared?: readonly Feature[]
  /** The node that gave this job as a task, and waits for it; none where it is this node's own. */
  readonly master?: string
  /** Other nodes that do the same at the same time. */
  readonly nodes?: readonly NodeSettings[]
}

/** Of those that read a set. */
interface ReadsSet {
  /** `SHA256:…` of the key that signed it, where that is not this home's: from the recovery sheet of the machine that made it. */
  readonly fingerprint?: string
}

export interface BackupRequest extends AnyRequest {
  readonly type: 'backup'
  /** The set's time, in milliseconds since 1970: the same for all nodes. */
  readonly timeMs: number
  /** Reads the archive back after the upload and compares its hash. */
  readonly readsBack: boolean
  /** Writes the list of the set after its own archive; false on nodes that only add theirs. */
  readonly completesSet: boolean
  /** Of age, in place of this node's recovery key: those of the master that completes the set. */
  readonly recipients?: readonly string[]
}

export interface RestoreRequest extends AnyRequest, ReadsSet {
  readonly type: 'restore'
  /** The node whose archive is restored here; this one where it is left out. */
  readonly fromNode?: string
  /** Only `nodes` are restored, and this one is left as it is. */
  readonly onlyNodes?: boolean
  /** Reads and compares all of it, writes `preflight.json` into the job's folder, and changes nothing. */
  readonly preflightOnly?: boolean
  /** The set's name, as formatSetName gives it. */
  readonly set: string
  /** Restores a set of another version, which the person who asked was warned of. */
  readonly anyVersion: boolean
}

/** Reads a whole set and compares it with its manifest; writes nothing. */
export interface VerifyRequest extends AnyRequest, ReadsSet {
  readonly type: 'verify'
  readonly set: string
}

/** Restores a set into a sandbox and starts an agent on it. */
export interface DrillRequest extends AnyRequest, ReadsSet {
  readonly type: 'drill'
  /** Undefined is the newest. */
  readonly set?: string
}

/** Puts back what the last restore replaced. */
export interface RollbackRequest extends Omit<AnyRequest, 'device'> {
  readonly type: 'rollback'
}

export type JobRequest = BackupRequest | RestoreRequest | VerifyRequest | DrillRequest | RollbackRequest

/** drsJobComponentStatus. */
export type ComponentState = 'waiting' | 'active' | 'done' | 'failed' | 'skipped'

export interface ComponentProgress {
  readonly feature: string
  readonly component: string
  readonly state: ComponentState
  readonly percent: number
  /** Empty unless it failed, or was done with a warning. */
  readonly error: string
}

/** The 17 alarms of DRS (Disaster Recovery System Administration Guide, table 4), as drsAlarmId names them. */
export type AlarmId =
  | 'backupDeviceError'
  | 'backupFailure'
  | 'backupInProgress'
  | 'internalProcessFailure'
  | 'la2maFailure'
  | 'localAgentStartFailure'
  | 'ma2laFailure'
  | 'maBackupComponentFailure'
  | 'maBackupNodeDisconnect'
  | 'maRestoreComponentFailure'
  | 'maRestoreNodeDisconnect'
  | 'masterAgentStartFailure'
  | 'noRegisteredComponent'
  | 'noRegisteredFeature'
  | 'restoreDeviceError'
  | 'restoreFailure'
  | 'sftpFailure'

/** drsJobNodeStatus. */
export type NodeState = 'waiting' | 'running' | 'done' | 'partial' | 'failed' | 'canceled' | 'disconnected'

/** Of a job that several nodes take part in, this one being among them. */
export interface NodeProgress {
  readonly node: string
  readonly state: NodeState
  readonly percent: number
  /** The feature and component that it works on. */
  readonly component: string
  /** Empty unless something failed. */
  readonly error: string
}

export interface JobAlarm {
  readonly id: AlarmId
  /** What was tried, what happened, what to do. */
  readonly text: string
  /** The device, feature, component or node. */
  readonly object: string
}

export interface JobStatus {
  readonly job: number
  /** Which process it is: PID and start time in clock ticks since boot, as /proc/PID/stat has it. */
  readonly pid: number
  readonly startTicks: string
  readonly state: 'running' | 'canceling' | 'completed'
  readonly result: JobResult
  /** From 0 to 100. */
  readonly percent: number
  readonly feature: string
  readonly component: string
  readonly startedMs: number
  /** When this was written: a running job that wrote nothing for a minute and whose process is gone was interrupted. */
  readonly writtenMs: number
  readonly endedMs?: number
  /** Octets written to the device, or read from it. */
  readonly octets: number
  /** The set that was written or read. */
  readonly set: string
  readonly features: readonly string[]
  readonly components: readonly ComponentProgress[]
  readonly alarms: readonly JobAlarm[]
  /** Of a job of several nodes. */
  readonly nodes?: readonly NodeProgress[]
  /** What a backup that a master gave has added to its set. */
  readonly part?: WrittenPart
  /** Empty unless it failed, or some node did. */
  readonly error: string
}
