/**
 * Other machines (nodes) that take part in the backups of this one: how their local agents are reached, what they are asked to
 * do, and what they answer. The node that asks is the master; only it keeps devices, schedules and history.
 */
import type { JobResult } from './job-result.ts'
import type { DeviceSettings } from './settings.ts'

/** A row of drsNodeTable as a job gets it. Secrets are in it, so that it is only ever in files that root alone can read. */
export interface NodeSettings {
  /** What the node calls itself: its host name. */
  readonly name: string
  /** A name or an address. */
  readonly host: string
  readonly port: number
  readonly user: NodeUser
}

/** The user of SNMPv3 that the master is on the node; it has both authentication and privacy. */
export interface NodeUser {
  readonly name: string
  /** As snmp/security/usm/protocols.ts calls them, such as `SHA-256` and `AES`. */
  readonly authProtocol: string
  readonly privProtocol: string
  readonly authPassphrase: string
  readonly privPassphrase: string
}

interface AnyTask {
  /** As formatSetName gives it. */
  readonly set: string
  /** The name of the node that gives the task. */
  readonly master: string
  readonly device: DeviceSettings
  /** Empty for all. Those that the node does not have are left out. */
  readonly features: readonly string[]
}

/** Adds the archive of the node to a set; the master writes the list. */
export interface BackupTask extends AnyTask {
  readonly type: 'backup'
  /** Of age, besides the node's own: the recovery key, and the key with which the master verifies sets. */
  readonly recipients: readonly string[]
}

export interface RestoreTask extends AnyTask {
  readonly type: 'restore'
  /** `SHA256:…` of the key that the master signs sets with. */
  readonly fingerprint: string
  readonly anyVersion: boolean
}

export type NodeTask = BackupTask | RestoreTask

/** The archive that a node has added to a set: what the list of the set says of it. */
export interface WrittenPart {
  readonly octets: number
  readonly sha256: string
  readonly tarOctets: number
  /** Some component could not be stored. */
  readonly isPartial: boolean
  readonly features: readonly string[]
  /** Of the key that signs its manifest. */
  readonly signingKey: string
}

/** How far a task is. */
export interface TaskState {
  readonly isCompleted: boolean
  /** `none` until it is completed. */
  readonly result: JobResult
  readonly percent: number
  /** The feature and component that the node works on. */
  readonly component: string
  /** Empty unless it failed. */
  readonly error: string
  readonly part?: WrittenPart
}

/** What is known of a node apart from any task. */
export interface NodeReport {
  /** What it calls itself. */
  readonly name: string
  readonly version: string
  readonly features: readonly NodeFeature[]
}

export interface NodeFeature {
  readonly name: string
  readonly isRequired: boolean
  readonly order: number
  readonly components: readonly string[]
}

/**
 * Why a local agent cannot do what it is asked: nobody answers; it answers, and refuses the user of the master; it has no
 * backup module that runs; or it refuses the task, as while another job runs.
 */
export type NodeFault = 'unreachable' | 'unauthorized' | 'notServing' | 'refused'

export class NodeError extends Error {
  readonly fault: NodeFault

  constructor(fault: NodeFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'NodeError'
    this.fault = fault
  }
}

/** The local agent of one node. All reject with NodeError. */
export interface LocalAgent {
  /** Starts a task, and gives the number of its job on the node. */
  begin(task: NodeTask): Promise<number>
  look(job: number): Promise<TaskState>
  /** Tells the node that the master still waits for the job. */
  keep(job: number): Promise<void>
  /** The job ends after the component that it works on. */
  cancel(job: number): Promise<void>
  report(): Promise<NodeReport>
  close(): Promise<void>
}

/** A node may be silent for so long before its job counts as abandoned by its master. */
export const leaseMs = 180_000

/** Host names: letters, digits, dots and dashes. */
export const isNodeName = (name: string): boolean => /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,62}[A-Za-z0-9])?$/.test(name)

/** How many other nodes there may be. */
export const mostNodes = 32
