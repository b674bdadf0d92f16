/** A TimeInterval that ticks backwards, as RFC 3165 has them: it can be read, set, held and let go on. */
import type { Clock, Timer } from '../../lib/time/clock.ts'

export class Countdown {
  readonly #clock: Clock
  readonly #onZero: () => void
  /** The value that never ticks, where there is one. */
  readonly #endlessTicks: number | undefined
  /** Hundredths of a second that were left when it was last set, held or let go. */
  #ticks: number
  /** Since when it ticks; undefined while it is held. */
  #sinceMs: number | undefined
  #timer: Timer | undefined

  constructor(clock: Clock, ticks: number, onZero: () => void, endlessTicks?: number) {
    this.#clock = clock
    this.#ticks = ticks
    this.#onZero = onZero
    this.#endlessTicks = endlessTicks
  }

  /** What is left, in hundredths of a second. */
  get ticks(): number {
    if (this.#sinceMs === undefined || this.#ticks === this.#endlessTicks) return this.#ticks
    return Math.max(0, Math.ceil(this.#ticks - (this.#clock.monotonicMs() - this.#sinceMs) / 10))
  }

  /** Begins again from here; whether it ticks stays as it is. */
  set(ticks: number): void {
    this.#ticks = ticks
    if (this.#sinceMs === undefined) return
    this.#sinceMs = this.#clock.monotonicMs()
    this.#wait()
  }

  go(): void {
    if (this.#sinceMs !== undefined) return
    this.#sinceMs = this.#clock.monotonicMs()
    this.#wait()
  }

  hold(): void {
    this.#ticks = this.ticks
    this.#sinceMs = undefined
    this.#timer?.cancel()
  }

  #wait(): void {
    this.#timer?.cancel()
    if (this.#ticks === this.#endlessTicks) return
    if (this.ticks === 0) {
      this.hold()
      this.#onZero()
      return
    }
    this.#timer = this.#clock.after(this.ticks * 10, () => this.#wait())
  }
}
