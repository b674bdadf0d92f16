/** The counters of sipd, gathered at most as often as they change: every column of every row would ask for itself. */
import type { SipCounts } from './counts.ts'
import type { SipView } from './view.ts'

const keptForMs = 100

export class SipCounters {
  readonly #view: SipView
  #counters: SipCounts
  #gatheredMs = Number.NEGATIVE_INFINITY

  constructor(view: SipView) {
    this.#view = view
    this.#counters = view.counters()
  }

  /** Modulo 2^32, as Counter32 has it; zero where nothing was counted. */
  count(of: (counts: SipCounts) => number | undefined): number {
    return (of(this.#current()) ?? 0) >>> 0
  }

  /** Of requests that came or went. */
  get methods(): string[] {
    return Object.entries(this.#current().methods).flatMap(([name, { requestsIn, requestsOut }]) =>
      requestsIn + requestsOut > 0 ? [name] : [],
    )
  }

  #current(): SipCounts {
    const nowMs = this.#view.clock.monotonicMs()
    if (nowMs - this.#gatheredMs >= keptForMs) {
      this.#counters = this.#view.counters()
      this.#gatheredMs = nowMs
    }
    return this.#counters
  }
}
