/** Whether the wall clock is the one that schedules were saved by: it may not be set yet, or was ahead when they were. */
import type { Clock } from '../time/clock.ts'
import { isPlausibleTime } from '../time/wall-clock.ts'

/** A clock that is set back by no more than this repeats hours; by more, it was wrong before. */
export const repeatedAtMostMs = 3 * 3_600_000
/** A clock that is behind what was saved is waited for so long: then what was saved came from one that was ahead. */
const setWithinMs = 3_600_000

export class SavedClock {
  readonly #clock: Clock
  /** When the last process saved. */
  readonly #savedMs: number
  readonly #startedMonotonicMs: number
  #isBehind: boolean

  constructor(clock: Clock, savedMs: number) {
    this.#clock = clock
    this.#savedMs = savedMs
    this.#startedMonotonicMs = clock.monotonicMs()
    this.#isBehind = clock.now() < savedMs - repeatedAtMostMs
  }

  /** The clock is behind what was saved, as before it is set on a machine without a battery clock: no run is planned by it. */
  get isBehind(): boolean {
    return this.#isBehind
  }

  /** What to save as the time of saving: one from before the clock is set would have the next process believe that clock. */
  get timeOfSaving(): number {
    return this.#isBehind ? this.#savedMs : this.#clock.now()
  }

  /** Whether a time comes from a clock that was not set yet. */
  isBefore(timeMs: number): boolean {
    return !isPlausibleTime(timeMs) || timeMs < this.#savedMs - repeatedAtMostMs
  }

  /** Once, when a clock that was behind what was saved was set, or is believed after all: it was ahead before. */
  turn(now: number): 'set' | 'believed' | undefined {
    if (!this.#isBehind) return undefined
    const isSet = !this.isBefore(now)
    const isOverdue = this.#clock.monotonicMs() - this.#startedMonotonicMs >= setWithinMs
    if (!isSet && !(isOverdue && isPlausibleTime(now))) return undefined
    this.#isBehind = false
    return isSet ? 'set' : 'believed'
  }
}
