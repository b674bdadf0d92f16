/** The counters of sipd, gathered at most as often as they change: every column of every row would ask for itself. */
import type { SipView } from './view.ts'

const keptForMs = 100

export class SipCounters {
  readonly #view: SipView
  #counters: Readonly<Record<string, number>> = {}
  #gatheredMs = Number.NEGATIVE_INFINITY

  constructor(view: SipView) {
    this.#view = view
  }

  /** Modulo 2^32, as Counter32 has it. */
  count(name: string): number {
    return (this.#current()[name] ?? 0) >>> 0
  }

  /** Of all whose names begin so. */
  sum(prefix: string): number {
    let all = 0
    for (const [name, value] of Object.entries(this.#current())) if (name.startsWith(prefix)) all += value
    return all >>> 0
  }

  /** Of requests that came or went. */
  get methods(): string[] {
    return Object.keys(this.#current()).flatMap((name) => /^requests(?:In|Out)\.(.+)$/.exec(name)?.[1] ?? [])
  }

  #current(): Readonly<Record<string, number>> {
    const nowMs = this.#view.clock.monotonicMs()
    if (nowMs - this.#gatheredMs >= keptForMs) {
      this.#counters = this.#view.counters()
      this.#gatheredMs = nowMs
    }
    return this.#counters
  }
}
