/** A bucket of tokens: what comes too often is counted instead of done. */
import type { Clock } from '../time/clock.ts'

export class RateLimit {
  readonly #clock: Clock
  readonly #burst: number
  readonly #perSecond: number
  #tokens: number
  #filledMs: number
  #held = 0

  /** So many at once, and so many a second after that. */
  constructor(clock: Clock, burst: number, perSecond: number) {
    this.#clock = clock
    this.#burst = burst
    this.#perSecond = perSecond
    this.#tokens = burst
    this.#filledMs = clock.monotonicMs()
  }

  /** Undefined when it is too much; otherwise how many were held back since the last that was not. */
  take(): number | undefined {
    const now = this.#clock.monotonicMs()
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#filledMs) / 1000) * this.#perSecond)
    this.#filledMs = now
    if (this.#tokens < 1) {
      this.#held++
      return undefined
    }
    this.#tokens--
    const held = this.#held
    this.#held = 0
    return held
  }
}
