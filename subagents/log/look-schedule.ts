/** When a monitor looks at its file: every so often, soon after it was written, and when asked to; one look at a time. */
import type { Clock, Timer } from '../../lib/time/clock.ts'

/** A file that is written to is looked at so often; one that was quiet, so soon after it was written to. */
const busyMs = 300
const wakeMs = 50

export class LookSchedule {
  readonly #clock: Clock
  readonly #look: () => Promise<void>
  #interval: Timer | undefined
  #wakeTimer: Timer | undefined
  #looking: Promise<void> = Promise.resolve()
  #isQueued = false
  #lookedAtMs = Number.NEGATIVE_INFINITY
  #isStopped = false

  /** `look` never rejects. */
  constructor(clock: Clock, look: () => Promise<void>) {
    this.#clock = clock
    this.#look = look
  }

  /** 0: only when asked to. */
  every(seconds: number): void {
    this.#interval?.cancel()
    if (seconds > 0) this.#interval = this.#clock.every(seconds * 1000, () => void this.now())
  }

  /** Looks now; when it looks already, once more after that. */
  now(): Promise<void> {
    if (this.#isQueued) return this.#looking
    this.#isQueued = true
    this.#looking = this.#looking.then(() => {
      this.#isQueued = false
      if (this.#isStopped) return undefined
      this.#lookedAtMs = this.#clock.monotonicMs()
      this.#wakeTimer?.cancel()
      this.#wakeTimer = undefined
      return this.#look()
    })
    return this.#looking
  }

  /** Looks again soon: there is more to read, or the file was written. */
  soon(): void {
    if (this.#isStopped) return
    const sinceLookMs = this.#clock.monotonicMs() - this.#lookedAtMs
    this.#wakeTimer ??= this.#clock.after(Math.max(wakeMs, busyMs - sinceLookMs), () => void this.now())
  }

  /** Resolves when a look that is under way has ended. */
  stop(): Promise<void> {
    this.#isStopped = true
    this.#interval?.cancel()
    this.#wakeTimer?.cancel()
    return this.#looking
  }
}
