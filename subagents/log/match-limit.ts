/** Bounds how many matches of a row are told one by one: what comes beyond within a minute is told by one that counts. */
import type { Clock, Timer } from '../../lib/time/clock.ts'

const windowMs = 60_000

export interface MatchStormOptions {
  readonly clock: Clock
  /** How many within a minute; 0 is no limit. */
  limit(): number
  /** At the end of a minute in which there were more. */
  summarize(count: number): void
}

export class MatchStorm {
  readonly #options: MatchStormOptions
  #told = 0
  #summarized: number
  #window: Timer | undefined

  /** `summarized`: what a former process had counted and not told. */
  constructor(options: MatchStormOptions, summarized = 0) {
    this.#options = options
    this.#summarized = summarized
    if (summarized > 0) this.#open()
  }

  /** How many of this minute are not told one by one. */
  get summarized(): number {
    return this.#summarized
  }

  /** Counts one match; whether it is to be told by itself. */
  admits(): boolean {
    const limit = this.#options.limit()
    if (!this.#window) this.#open()
    if (limit === 0 || this.#told < limit) {
      this.#told++
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
      this.#told = 0
      this.#summarized = 0
      if (count > 0) this.#options.summarize(count)
    })
  }
}
