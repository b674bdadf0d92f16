/** A supervised process: what its row asks for, and what is so. */
import type { HealthSpec } from '../health/health.ts'
import type { ProcessState } from './states.ts'

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

/** Of a process of which nothing is known yet. */
export function unknownProcess(spec: ProcessSpec): SupervisedProcess {
  return {
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
}
