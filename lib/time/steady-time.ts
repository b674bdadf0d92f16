/**
 * Wall-clock time that nobody sets: it is the wall clock's when it is made, and goes on with the monotonic one. For what ends
 * after a time and is kept on disk as well: an appliance boots at 1970 and hears the time later, and a person may set it back.
 */
import type { Clock } from './clock.ts'

/** Two readings of two clocks are not of the same moment, and one of them is of whole milliseconds. */
const readingMs = 10

export class SteadyTime {
  readonly #clock: Clock
  readonly #zeroMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#zeroMs = clock.now() - clock.monotonicMs()
  }

  /** In milliseconds. Two of them differ by what passed between; as a date it may be wrong. */
  nowMs(): number {
    return this.#zeroMs + this.#clock.monotonicMs()
  }

  /** What makes a wall-clock time of one of these, as the wall clock is now; 0 as long as that was not set. */
  toWallMs(): number {
    const shiftMs = this.#clock.now() - this.nowMs()
    return Math.abs(shiftMs) < readingMs ? 0 : Math.round(shiftMs)
  }
}
