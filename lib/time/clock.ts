/** Time as a dependency: daemons get the system's clock, tests one that they move by hand. */
import { guarded } from '../guarded.ts'

export interface Timer {
  cancel(): void
}

export interface Clock {
  /** Wall-clock time in milliseconds since 1970, for people and files. */
  now(): number
  /** Milliseconds that only grow, for intervals; its zero means nothing. */
  monotonicMs(): number
  after(delayMs: number, run: () => void): Timer
  every(periodMs: number, run: () => void): Timer
}

/** setTimeout takes 31 bits, and runs what is later than that at once; a longer time is waited for in steps. */
const longestStepMs = 2 ** 31 - 1

/** The machine's own clock. What a daemon does at a time is guarded (guarded.ts). */
function machineClock({ keepsProcess }: { readonly keepsProcess: boolean }): Clock {
  const after = (delayMs: number, run: () => void): Timer => {
    let handle: NodeJS.Timeout
    const due = guarded('a timer', run)
    const wait = (leftMs: number): void => {
      const stepMs = Math.min(leftMs, longestStepMs)
      handle = setTimeout(() => (leftMs > stepMs ? wait(leftMs - stepMs) : due()), stepMs)
      if (!keepsProcess) handle.unref()
    }
    wait(delayMs)
    return { cancel: () => clearTimeout(handle) }
  }
  const every = (periodMs: number, run: () => void): Timer => {
    if (periodMs > longestStepMs) return repeat(after, periodMs, run)
    const handle = setInterval(guarded('a timer', run), periodMs)
    if (!keepsProcess) handle.unref()
    return { cancel: () => clearInterval(handle) }
  }
  return { now: Date.now, monotonicMs: () => performance.now(), after, every }
}

function repeat(after: Clock['after'], periodMs: number, run: () => void): Timer {
  let timer: Timer
  const wait = (): void => {
    timer = after(periodMs, () => {
      wait()
      run()
    })
  }
  wait()
  return { cancel: () => timer.cancel() }
}

/** Of daemons: its timers do not keep a process alive, as what serves holds a socket. */
export const systemClock: Clock = machineClock({ keepsProcess: false })

/** Of commands: one that waits goes on as long as its timers do. */
export const commandClock: Clock = machineClock({ keepsProcess: true })

interface Appointment extends Timer {
  dueMs: number
  readonly periodMs: number | undefined
  readonly run: () => void
}

/** A clock for tests: time passes only in `advance`, and timers run in the order they fall due. */
export class ManualClock implements Clock {
  #elapsedMs = 0
  #epochMs: number
  readonly #appointments = new Set<Appointment>()

  constructor(epochMs = Date.UTC(2026, 0, 1)) {
    this.#epochMs = epochMs
  }

  now(): number {
    return this.#epochMs + this.#elapsedMs
  }

  monotonicMs(): number {
    return this.#elapsedMs
  }

  /** Sets the wall clock, as NTP or a person does: no time passes. */
  setWallClock(nowMs: number): void {
    this.#epochMs = nowMs - this.#elapsedMs
  }

  after(delayMs: number, run: () => void): Timer {
    return this.#appoint(delayMs, undefined, run)
  }

  every(periodMs: number, run: () => void): Timer {
    return this.#appoint(periodMs, periodMs, run)
  }

  advance(byMs: number): void {
    const untilMs = this.#elapsedMs + byMs
    for (let next = this.#next(untilMs); next; next = this.#next(untilMs)) {
      this.#elapsedMs = Math.max(this.#elapsedMs, next.dueMs)
      if (next.periodMs === undefined) this.#appointments.delete(next)
      else next.dueMs += next.periodMs
      next.run()
    }
    this.#elapsedMs = untilMs
  }

  #appoint(delayMs: number, periodMs: number | undefined, run: () => void): Timer {
    const appointment: Appointment = {
      dueMs: this.#elapsedMs + delayMs,
      periodMs,
      run,
      cancel: () => this.#appointments.delete(appointment),
    }
    this.#appointments.add(appointment)
    return appointment
  }

  #next(untilMs: number): Appointment | undefined {
    let first: Appointment | undefined
    for (const candidate of this.#appointments) {
      if (candidate.dueMs <= untilMs && (!first || candidate.dueMs < first.dueMs)) first = candidate
    }
    return first
  }
}
