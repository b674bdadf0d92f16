/** What every kind of job gets: its home, its status and log, and the world outside as interfaces. */
import { existsSync } from 'node:fs'
import { cancelPathOf } from '../../lib/backup/job-folder.ts'
import type { LocalAgent, NodeSettings } from '../../lib/backup/node.ts'
import type { SetName } from '../../lib/backup/set-name.ts'
import type { DeviceSettings } from '../../lib/backup/settings.ts'
import type { Home } from '../../lib/home/home.ts'
import type { Clock } from '../../lib/time/clock.ts'
import type { ReportLog } from '../archive/report.ts'
import type { Device } from '../device/device.ts'
import type { Services } from '../restore/services.ts'
import type { StatusFile } from './status.ts'

export interface PruneRules {
  readonly retention: number
  readonly nowMs: number
  /** The set that was just completed. */
  readonly completed: SetName
}

export interface World {
  readonly clock: Clock
  openDevice(settings: DeviceSettings): Device
  /** Whoever opens an agent closes it. */
  openNode(settings: NodeSettings): LocalAgent
  /** Removes what the device keeps no longer, and gives the names. */
  prune(device: Device, rules: PruneRules, signal: AbortSignal): Promise<readonly string[]>
  /** Stops and starts the daemons of a home. */
  services(home: Home): Services
}

export interface JobContext extends World {
  readonly home: Home
  readonly version: string
  /** The job's own, with its request, status and log. */
  readonly folder: string
  readonly status: StatusFile
  readonly log: ReportLog
  /** Aborted when a signal ends the job. */
  readonly signal: AbortSignal
}

/** Somebody made the file `cancel`: the job ends after the current component. */
export class CanceledError extends Error {
  constructor() {
    super('the job was canceled')
  }
}

export function isCanceled({ folder }: Pick<JobContext, 'folder'>): boolean {
  return existsSync(cancelPathOf(folder))
}

/** Throws CanceledError where somebody wants the job to end. */
export function throwIfCanceled(context: Pick<JobContext, 'folder' | 'status'>): void {
  if (!isCanceled(context)) return
  context.status.patch({ state: 'canceling' })
  throw new CanceledError()
}

/** A job that cannot go on, with the alarm that says so. */
export class JobFailure extends Error {}
