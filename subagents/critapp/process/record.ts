/** What is shown of a process. Every change is made here, and announced. */
import { truncateUtf8 } from '../../../lib/text/text.ts'
import type { Clock } from '../../../lib/time/clock.ts'
import type { ExitStatus } from '../host/exit-status.ts'
import type { KnownProcess } from '../observation/known-process.ts'
import type { SupervisorEvents } from './context.ts'
import { type ProcessSpec, type SupervisedProcess, unknownProcess } from './process.ts'
import type { ProcessMachine } from './states.ts'

type Changeable = { -readonly [K in keyof Omit<SupervisedProcess, 'state'>]: SupervisedProcess[K] }

/** critAppLastError holds this many octets. */
const maxSentenceOctets = 255

/** critAppLastError, and what was printed before. */
export type LastWords = Pick<SupervisedProcess, 'lastError' | 'lastSaid'>

/** What is said of an end. */
export interface EndWords {
  readonly sentence: string
  /** What its health check printed last. */
  readonly said?: string | undefined
  /** What it printed last. */
  readonly output?: readonly string[]
  /** Whether the sentence becomes critAppLastError. */
  readonly isError?: boolean
}

export class ProcessRecord {
  /** All but the state, which is the machine's. */
  readonly #shown: Changeable & Pick<SupervisedProcess, 'state'>
  readonly #events: SupervisorEvents
  #isClosed = false

  constructor(spec: ProcessSpec, machine: ProcessMachine, events: SupervisorEvents) {
    this.#shown = {
      ...unknownProcess(spec),
      get state() {
        return machine.state
      },
    }
    this.#events = events
  }

  get shown(): SupervisedProcess {
    return this.#shown
  }

  /** Announced also where only the state is another one. */
  change(changes: Partial<Changeable> = {}): void {
    this.note(changes)
    if (!this.#isClosed) this.#events.changed(this.#shown)
  }

  /** Announced with the next change. */
  note({ lastError, lastSaid = '', ...changes }: Partial<Changeable>): void {
    Object.assign(this.#shown, changes)
    if (lastError === undefined) return
    this.#shown.lastError = truncateUtf8(lastError, maxSentenceOctets)
    // What was printed belongs to the error before which it was printed.
    this.#shown.lastSaid = truncateUtf8(lastSaid, maxSentenceOctets)
  }

  /** The process is there; whether it serves is another question. */
  takeUp({ identity, aliveMs }: KnownProcess, clock: Clock): void {
    this.change({
      pid: identity.pid,
      count: Math.max(1, this.#shown.count),
      startedMonotonicMs: clock.monotonicMs() - aliveMs,
      lastStart: new Date(clock.now() - aliveMs),
    })
  }

  end({ code, signal }: ExitStatus, { lastError, lastSaid }: LastWords, clock: Clock): void {
    this.change({
      isUp: false,
      health: 'unknown',
      pid: 0,
      count: 0,
      exits: this.#shown.exits + 1,
      lastExit: new Date(clock.now()),
      lastExitCode: code,
      lastExitSignal: signal,
      lastError,
      lastSaid,
    })
  }

  /** For people, after the change that it is about. */
  notify(what: 'started' | 'exited' | 'failed', sentence: string): void {
    if (!this.#isClosed) this.#events.happened(what, this.#shown, sentence)
  }

  /** Nobody is told any more. */
  close(): void {
    this.#isClosed = true
  }
}
