/** A supervised process: what its row asks for, what is so, and what the supervisor remembers of it. */

import { type ProcessIdentity, type ProcessStat, readProcess } from '../../lib/proc/process.ts'
import type { Program } from '../../lib/program/program.ts'
import type { Timer } from '../../lib/time/clock.ts'
import type { HealthFailure, HealthSpec } from './health.ts'
import type { HealthMonitor } from './monitor.ts'
import type { ProcessState } from './states.ts'
import { RestartHistory } from './storm.ts'

/** What a row asks for. */
export interface ProcessSpec {
  readonly index: number
  readonly name: string
  readonly startCommand: string
  readonly terminateCommand: string
  readonly adminStatus: 'up' | 'down'
  readonly restartOnExit: boolean
  readonly restartIntervalMs: number
  readonly findOnStartup: boolean
  readonly stopTimeoutSeconds: number
  readonly gracefulCommand: string
  /** 0: no limit. */
  readonly maxRestarts: number
  readonly restartWindowMs: number
  /** Lower ones start first; those of one number together. */
  readonly startOrder: number
  /** A systemd unit that is started and stopped in place of the commands; empty: none. */
  readonly unit: string
  readonly health: HealthSpec
}

/** What is so. */
export interface SupervisedProcess {
  readonly spec: ProcessSpec
  readonly state: ProcessState
  /** It runs and, where its health is checked, serves. */
  readonly isUp: boolean
  readonly health: 'unknown' | 'healthy' | 'failing'
  readonly pid: number
  readonly count: number
  readonly startedMonotonicMs: number
  readonly lastStart: Date | undefined
  readonly lastExit: Date | undefined
  /** -1: none yet, or ended by a signal, or not our child. */
  readonly lastExitCode: number
  /** 0: none. */
  readonly lastExitSignal: number
  readonly restarts: number
  readonly exits: number
  readonly lastError: string
  /** The last line that was printed before that: for the log and for who stands at the machine, as more people read critAppLastError. */
  readonly lastSaid: string
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
/** Of the supervisor alone. */
export interface Entry {
  readonly history: RestartHistory
  readonly shown: Mutable<SupervisedProcess>
  identity: ProcessIdentity | undefined
  /** The process group that the last process led; what is left of it is no process of this row. */
  formerGroup: number | undefined
  /** Whether the process leads a group of its own. */
  leads: boolean
  /** Its PID file, if it had one when it was taken up. */
  pidFile: string | undefined
  child: Program | undefined
  monitor: HealthMonitor | undefined
  /** Why it is being stopped although it is wanted up: it does not serve. */
  failureReason: HealthFailure | undefined
  /** It ended too often: it stays as it is until somebody sets it up. */
  isGivenUp: boolean
  /** Its graceful command runs; `again`: it was asked for once more meanwhile. */
  graceful: 'idle' | 'running' | 'again'
  /** It ended, and systemd is being asked how, or what it left behind is being looked for. */
  isEndPending: boolean
  /** Raised whenever something begins, so that what began before knows that it is over. */
  round: number
  timer: Timer | undefined
}

/** The child while it runs. */
export function liveChild(child: Program | undefined): ProcessStat | undefined {
  return child?.pid !== undefined && child.isRunning ? readProcess(child.pid) : undefined
}

export function newEntry(spec: ProcessSpec): Entry {
  const shown: SupervisedProcess = {
    spec,
    state: 'unknown',
    isUp: false,
    health: 'unknown',
    pid: 0,
    count: 0,
    startedMonotonicMs: 0,
    lastStart: undefined,
    lastExit: undefined,
    lastExitCode: -1,
    lastExitSignal: 0,
    restarts: 0,
    exits: 0,
    lastError: '',
    lastSaid: '',
  }
  return {
    history: new RestartHistory(),
    shown,
    identity: undefined,
    formerGroup: undefined,
    leads: false,
    pidFile: undefined,
    child: undefined,
    monitor: undefined,
    failureReason: undefined,
    isGivenUp: false,
    graceful: 'idle',
    isEndPending: false,
    round: 0,
    timer: undefined,
  }
}
