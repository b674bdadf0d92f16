/** Tells a worker that hangs from a parent that was held up itself: after a pause everybody has been silent. */
import type { Clock } from '../../lib/time/clock.ts'

export interface Watched {
  /** When it last showed that it is alive, on the monotonic clock. */
  readonly aliveMs: number
}

export class Watchdog {
  readonly #clock: Clock
  readonly #periodMs: number
  readonly #deadAfterMs: number
  /** What was said during a pause of this process may still wait to be read. */
  #heardSinceMs: number
  #lookedMs: number

  /** `look` is to be called every `periodMs`. */
  constructor(clock: Clock, periodMs: number, deadAfterMs: number) {
    this.#clock = clock
    this.#periodMs = periodMs
    this.#deadAfterMs = deadAfterMs
    this.#lookedMs = clock.monotonicMs()
    this.#heardSinceMs = this.#lookedMs
  }

  /** Those that have been silent for too long while this process was there to hear them. */
  look<Worker extends Watched>(workers: readonly Worker[]): Worker[] {
    const now = this.#clock.monotonicMs()
    if (now - this.#lookedMs > 2 * this.#periodMs) this.#heardSinceMs = now
    this.#lookedMs = now
    return workers.filter(({ aliveMs }) => now - Math.max(aliveMs, this.#heardSinceMs) > this.#deadAfterMs)
  }
}
