/** When each trigger is due: one timer for all of them, and their work in slices that no request has to wait for. */

import type { Log } from '../../lib/log/log.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import { sliceMs } from './turns.ts'

export interface Paced {
  readonly periodMs: number
  /** Begins one more round; what has to wait within it goes on by itself. */
  run(): void
}

export interface PaceOptions {
  readonly clock: Clock
  readonly log: Log
  /** Called with the time that each slice of the work took, in milliseconds. */
  readonly onSlice?: ((tookMs: number) => void) | undefined
}

export class Pace {
  readonly #options: PaceOptions
  readonly #dueMs = new Map<Paced, number>()
  #timer: Timer | undefined
  #isRunning = false

  constructor(options: PaceOptions) {
    this.#options = options
  }

  /** The first round is due after `firstMs`; the next ones a period after each began (mteTriggerFrequency). */
  add(paced: Paced, firstMs: number): void {
    this.#dueMs.set(paced, this.#options.clock.monotonicMs() + firstMs)
    this.#arm()
  }

  remove(paced: Paced): void {
    this.#dueMs.delete(paced)
    this.#arm()
  }

  stop(): void {
    this.#dueMs.clear()
    this.#timer?.cancel()
  }

  #arm(): void {
    if (this.#isRunning) return
    this.#timer?.cancel()
    if (this.#dueMs.size === 0) return
    const { clock } = this.#options
    const waitMs = Math.min(...this.#dueMs.values()) - clock.monotonicMs()
    this.#timer = clock.after(Math.max(0, Math.ceil(waitMs)), () => void this.#look())
  }

  #run(paced: Paced): void {
    try {
      paced.run()
    } catch (error) {
      this.#options.log.error('bug while sampling; the other triggers go on', { error })
    }
  }

  async #look(): Promise<void> {
    this.#isRunning = true
    const now = this.#options.clock.monotonicMs()
    let startedMs = performance.now()
    for (const [paced, dueMs] of [...this.#dueMs]) {
      if (dueMs > now || !this.#dueMs.has(paced)) continue
      // Rounds that a sleeping machine slept through are not made up for.
      const missed = Math.floor((now - dueMs) / paced.periodMs)
      this.#dueMs.set(paced, dueMs + (missed + 1) * paced.periodMs)
      this.#run(paced)
      const tookMs = performance.now() - startedMs
      if (tookMs < sliceMs) continue
      this.#options.onSlice?.(tookMs)
      await new Promise(setImmediate)
      startedMs = performance.now()
    }
    this.#options.onSlice?.(performance.now() - startedMs)
    this.#isRunning = false
    this.#arm()
  }
}
