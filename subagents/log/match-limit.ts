/** Bounds how many matches of a row are notified one by one: those beyond within a minute are notified by one that counts them. */
import type { Clock, Timer } from '../../lib/time/clock.ts'

const windowMs = 60_000

export interface MatchLimitOptions {
  readonly clock: Clock
  /** How many within a minute; 0 is no limit. */
  limit(): number
  /** At the end of a minute in which there were more. */
  summarize(count: number): void
}

export class MatchLimit {
  readonly #options: MatchLimitOptions
  #admitted = 0
  #summarized: number
  #window: Timer | undefined

  /** `summarized`: what a former process had counted and not notified. */
  constructor(options: MatchLimitOptions, summarized = 0) {
    this.#options = options
    this.#summarized = summarized
    if (summarized > 0) this.#open()
  }

  /** How many of this minute are not notified one by one. */
  get summarized(): number {
    return this.#summarized
  }

  /** Counts one match; whether it is to be notified by itself. */
  admits(): boolean {
    const limit = this.#options.limit()
    if (!this.#window) this.#open()
    if (limit === 0 || this.#admitted < limit) {
      this.#admitted++
      return true
    }
    this.#summarized++
    return false
  }

  stop(): void {
    this.#window?.cancel()
  }

  #open(): void {
    this.#window = this.#options.clock.after(windowMs, () => {
      const count = this.#summarized
      this.#window = undefined
      this.#admitted = 0
      this.#summarized = 0
      if (count > 0) this.#options.summarize(count)
    })
  }
}
