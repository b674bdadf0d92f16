/** What failed a moment ago, so that it is tried after what did not. */
import type { Clock } from '../time/clock.ts'

export interface CooldownOptions {
  readonly clock: Clock
  /** How long a failure counts. */
  readonly forMs: number
  /** Failures remembered at most; the oldest is forgotten first. */
  readonly most: number
}

export class Cooldown {
  readonly #options: CooldownOptions
  readonly #untilMs = new Map<string, number>()

  constructor(options: CooldownOptions) {
    this.#options = options
  }

  failed(key: string, forMs = this.#options.forMs): void {
    this.#untilMs.delete(key)
    if (this.#untilMs.size >= this.#options.most) {
      const [oldest] = this.#untilMs.keys()
      if (oldest !== undefined) this.#untilMs.delete(oldest)
    }
    this.#untilMs.set(key, this.#options.clock.monotonicMs() + forMs)
  }

  /** Nothing failed: nobody has to be asked about. */
  get isEmpty(): boolean {
    return this.#untilMs.size === 0
  }

  succeeded(key: string): void {
    this.#untilMs.delete(key)
  }

  isResting(key: string): boolean {
    const untilMs = this.#untilMs.get(key)
    if (untilMs === undefined) return false
    if (untilMs > this.#options.clock.monotonicMs()) return true
    this.#untilMs.delete(key)
    return false
  }

  /** In the same order, but what failed comes last: when nothing else is left, it is better than nothing. */
  restedFirst<T>(all: readonly T[], keyOf: (one: T) => string): readonly T[] {
    if (this.isEmpty || all.length < 2) return all
    const rested: T[] = []
    const resting: T[] = []
    for (const one of all) (this.isResting(keyOf(one)) ? resting : rested).push(one)
    return [...rested, ...resting]
  }
}
