/** Numbers for things that come and go by name: one that comes back has the number it had, unless it was away for long. */
import type { Octets } from '../../lib/text/octets.ts'

/** A manager that polls knows a number for what it was; a day after the thing has gone nobody takes it for that any more. */
export const reuseAfterMs = 24 * 60 * 60 * 1000

export class Indexes {
  readonly #last: number
  readonly #present = new Map<Octets, number>()
  /** In the order in which they went. */
  readonly #gone = new Map<Octets, { readonly index: number; readonly sinceMs: number }>()
  #next: number

  /** Numbers from `first` to `last`. */
  constructor(first: number, last: number) {
    this.#next = first
    this.#last = last
  }

  /** The number of what is there; undefined when all are given to others. `nowMs` is of a clock that only grows. */
  of(name: Octets, nowMs: number): number | undefined {
    const known = this.#present.get(name)
    if (known !== undefined) return known
    const index = this.#gone.get(name)?.index ?? this.#free(nowMs)
    this.#gone.delete(name)
    if (index !== undefined) this.#present.set(name, index)
    return index
  }

  /** Those that are not there any more keep their numbers for a while. */
  keepOnly(isThere: (name: Octets) => boolean, nowMs: number): void {
    for (const [name, index] of this.#present) {
      if (isThere(name)) continue
      this.#present.delete(name)
      this.#gone.set(name, { index, sinceMs: nowMs })
    }
  }

  /** What went first and long ago gives its number; else it is one that nobody had. */
  #free(nowMs: number): number | undefined {
    const [oldest] = this.#gone
    if (oldest && nowMs - oldest[1].sinceMs >= reuseAfterMs) {
      this.#gone.delete(oldest[0])
      return oldest[1].index
    }
    return this.#next <= this.#last ? this.#next++ : undefined
  }
}
