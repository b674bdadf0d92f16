/** How many users a source may add in a minute: somebody who registers names by the thousand leaves room for the phones. */
import type { Clock } from '../../lib/time/clock.ts'
import type { Share } from '../account/ledger.ts'

const minuteMs = 60_000
/** Sources are cheap to forge: beyond so many a minute all others share one count. */
const mostSources = 20_000

export class NewUsers {
  readonly #clock: Clock
  readonly #perMinute: number
  readonly #counts = new Map<string, number>()
  #minute = 0

  /** 0 is without end. */
  constructor(clock: Clock, perMinute: number) {
    this.#clock = clock
    this.#perMinute = perMinute
  }

  /** Counts one more; false when it is one too many. */
  take({ source, isExempt }: Share): boolean {
    if (this.#perMinute === 0 || isExempt) return true
    const minute = Math.floor(this.#clock.monotonicMs() / minuteMs)
    if (minute !== this.#minute) {
      this.#minute = minute
      this.#counts.clear()
    }
    const counted = this.#counts.size < mostSources || this.#counts.has(source) ? source : ''
    const count = this.#counts.get(counted) ?? 0
    if (count >= this.#perMinute) return false
    this.#counts.set(counted, count + 1)
    return true
  }
}
