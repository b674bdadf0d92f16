/**
 * The life of a supervised process as a table: critAppProcState and an event give the next state and the action. What is not here
 * leaves the state alone and does nothing.
 */

import type { HealthFailure } from '../health/health.ts'
import type { ExitStatus } from '../host/exit-status.ts'
import type { KnownProcess } from '../observation/known-process.ts'

export type ProcessState =
  | 'running'
  | 'stopped'
  | 'starting'
  | 'stopping'
  | 'restartWait'
  | 'failed'
  | 'adopted'
  | 'unknown'

/** Every event, and what is known with it. */
export interface EventDetails {
  /** critAppAdminStatus up, and it does not run. */
  wantUp: undefined
  /** critAppAdminStatus down. */
  wantDown: undefined
  /** It runs already, started by somebody else. */
  found: KnownProcess
  /** The start command has brought a process. */
  appeared: KnownProcess
  /** What was taken for the process was the script that started this one, and has ended. */
  replaced: KnownProcess
  /** It runs and, where its health is checked, answers; with the sentence on its start. */
  serves: string
  startFailed: StartFailure
  exited: ExitStatus
  exitedAsRequested: ExitStatus
  /** It ended in order while its graceful command runs, which may start it again. */
  exitedGracefully: ExitStatus
  /** Somebody had systemd stop it. */
  exitedByOrder: ExitStatus
  /** It runs and does not serve; with the reason. */
  unhealthy: HealthFailure
  /** It must be started again, after so many milliseconds. */
  retry: number
  waitOver: undefined
  /** It ended more often than its row allows; with the sentence on that. */
  tooOften: string
  /** critAppRestartOnExit was taken back while it waited. */
  restartUnwanted: undefined
}

export interface StartFailure {
  readonly sentence: string
  /** The machine had nothing left to start it with, which says nothing of the process. */
  readonly isForWant: boolean
  /** The last line that the start command printed. */
  readonly said?: string
  /** How the start command ended. */
  readonly status?: Pick<ExitStatus, 'code' | 'signal'>
}

/** What each event may lead to. */
interface EventActions {
  wantUp: 'runStartCommand'
  wantDown: 'stopWhatStarts' | 'runStopCommand' | 'show'
  found: 'takeUp'
  appeared: 'takeUp' | 'stopIt'
  replaced: 'watchIt' | 'stopIt'
  serves: 'notifyStarted'
  startFailed: 'notifyFailed'
  exited: 'planRestart'
  exitedAsRequested: 'startIfWanted'
  exitedGracefully: 'awaitGracefulCommand'
  exitedByOrder: 'stayDown'
  unhealthy: 'stopUnhealthy'
  retry: 'scheduleRestart'
  waitOver: 'restart'
  tooOften: 'giveUp'
  restartUnwanted: 'show'
}

export type EventName = keyof EventDetails
/** Carries out what the table says; each action gets what is known with its event. */
export type Actions = {
  readonly [E in EventName]: { readonly [A in EventActions[E]]: (detail: EventDetails[E]) => void }
}
type Row = { readonly [E in EventName]?: readonly [ProcessState, EventActions[E]] }

export const transitions: Readonly<Record<ProcessState, Row>> = {
  unknown: {
    wantUp: ['starting', 'runStartCommand'],
    wantDown: ['stopped', 'show'],
    found: ['adopted', 'takeUp'],
  },
  stopped: {
    wantUp: ['starting', 'runStartCommand'],
    found: ['adopted', 'takeUp'],
    retry: ['restartWait', 'scheduleRestart'],
    tooOften: ['failed', 'giveUp'],
  },
  starting: {
    appeared: ['starting', 'takeUp'],
    replaced: ['starting', 'watchIt'],
    serves: ['running', 'notifyStarted'],
    startFailed: ['failed', 'notifyFailed'],
    exited: ['failed', 'planRestart'],
    exitedByOrder: ['failed', 'stayDown'],
    unhealthy: ['stopping', 'stopUnhealthy'],
    wantDown: ['stopping', 'stopWhatStarts'],
  },
  running: {
    replaced: ['running', 'watchIt'],
    exited: ['stopped', 'planRestart'],
    exitedGracefully: ['stopped', 'awaitGracefulCommand'],
    exitedByOrder: ['stopped', 'stayDown'],
    unhealthy: ['stopping', 'stopUnhealthy'],
    wantDown: ['stopping', 'runStopCommand'],
  },
  adopted: {
    serves: ['adopted', 'notifyStarted'],
    exited: ['stopped', 'planRestart'],
    exitedGracefully: ['stopped', 'awaitGracefulCommand'],
    exitedByOrder: ['stopped', 'stayDown'],
    unhealthy: ['stopping', 'stopUnhealthy'],
    wantDown: ['stopping', 'runStopCommand'],
  },
  stopping: {
    appeared: ['stopping', 'stopIt'],
    replaced: ['stopping', 'stopIt'],
    exited: ['stopped', 'planRestart'],
    exitedAsRequested: ['stopped', 'startIfWanted'],
  },
  restartWait: {
    waitOver: ['starting', 'restart'],
    wantUp: ['starting', 'runStartCommand'],
    wantDown: ['stopped', 'show'],
    found: ['adopted', 'takeUp'],
    restartUnwanted: ['stopped', 'show'],
  },
  failed: {
    wantUp: ['starting', 'runStartCommand'],
    wantDown: ['stopped', 'show'],
    found: ['adopted', 'takeUp'],
    retry: ['restartWait', 'scheduleRestart'],
    tooOften: ['failed', 'giveUp'],
  },
}

/** Where one process is in the table. */
export class ProcessMachine {
  #state: ProcessState = 'unknown'
  readonly #actions: Actions

  constructor(actions: Actions) {
    this.#actions = actions
  }

  get state(): ProcessState {
    return this.#state
  }

  /** Whether the event means anything in this state. */
  takes(event: EventName): boolean {
    return transitions[this.#state][event] !== undefined
  }

  handle<E extends EventName>(event: E, detail: EventDetails[E]): void {
    const row: Row = transitions[this.#state]
    const step = row[event]
    if (!step) return
    const [next, action] = step
    this.#state = next
    this.#actions[event][action](detail)
  }
}
