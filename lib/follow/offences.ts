/** How often a pattern took too long lately: after the third time it is given up, and tried again later. */
import type { Clock, Timer } from '../time/clock.ts'

export interface OffencesOptions {
  readonly clock: Clock
  /** The pattern was good for a while, and nothing counts against it any more. */
  forgiven(): void
  /** A pattern that was given up may be tried again. */
  retried(): void
}

const maxOffences = 3
/** So long after its last slow line a pattern counts as good again. */
const calmMs = 10 * 60_000
/** A pattern that was given up is tried again after so long; each time it is given up again, after twice as long. */
const firstRetryMs = 3_600_000
const longestRetryMs = 24 * 3_600_000

export class Offences {
  readonly #options: OffencesOptions
  #count = 0
  #retryMs = firstRetryMs
  #timer: Timer | undefined

  constructor(options: OffencesOptions) {
    this.#options = options
  }

  get isGivenUp(): boolean {
    return this.#count >= maxOffences
  }

  get areThere(): boolean {
    return this.#count > 0
  }

  /** When a pattern that is given up is tried again. */
  get retryHours(): number {
    return this.#retryMs / 3_600_000
  }

  add(): void {
    this.#count++
    this.#wait(this.isGivenUp ? this.#retryMs : calmMs, this.isGivenUp ? this.#retry : this.#forgive)
  }

  stop(): void {
    this.#timer?.cancel()
  }

  #wait(ms: number, act: () => void): void {
    this.#timer?.cancel()
    this.#timer = this.#options.clock.after(ms, act)
  }

  readonly #forgive = (): void => {
    this.#count = 0
    this.#retryMs = firstRetryMs
    this.#options.forgiven()
  }

  /** One more slow line gives it up again. */
  readonly #retry = (): void => {
    this.#count = maxOffences - 1
    this.#retryMs = Math.min(2 * this.#retryMs, longestRetryMs)
    this.#wait(calmMs, this.#forgive)
    this.#options.retried()
  }
}
