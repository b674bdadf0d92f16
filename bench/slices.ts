/** How long the slices of background work take: what a request may have to wait for. */
import { type Clock, systemClock, type Timer } from '../lib/time/clock.ts'

export class SliceWatch {
  /** Within them the kernel gave the processor to nobody else; others say nothing of the work. */
  readonly #own: number[] = []
  #interrupted = 0
  #switches = takenAway()

  /** For the work: what happened before a timer of it began is not its own. */
  readonly clock: Clock = {
    now: () => systemClock.now(),
    monotonicMs: () => systemClock.monotonicMs(),
    after: (delayMs, run): Timer =>
      systemClock.after(delayMs, () => {
        this.#switches = takenAway()
        run()
      }),
    every: (periodMs, run) => systemClock.every(periodMs, run),
  }

  readonly onSlice = (tookMs: number): void => {
    if (takenAway() === this.#switches) this.#own.push(tookMs)
    else this.#interrupted++
    this.#switches = takenAway()
  }

  /** What was seen until now does not count. */
  forget(): void {
    this.#own.length = 0
    this.#interrupted = 0
  }

  get count(): number {
    return this.#own.length
  }

  get longestMs(): number {
    return this.#at(1)
  }

  /** So many of a hundred slices took this long at most. */
  get most99Ms(): number {
    return this.#at(0.99)
  }

  toString(): string {
    return (
      `${this.count} slices, half of them within ${this.#at(0.5).toFixed(2)} ms, 99 of 100 within ` +
      `${this.most99Ms.toFixed(2)} ms, the longest ${this.longestMs.toFixed(2)} ms; ${this.#interrupted} more were interrupted`
    )
  }

  #at(share: number): number {
    const sorted = this.#own.toSorted((a, b) => a - b)
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  }
}

function takenAway(): number {
  return process.resourceUsage().involuntaryContextSwitches
}
