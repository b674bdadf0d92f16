/** Looks again and again whether one process serves, and says when that changes. */

import { messageOf } from '../../../lib/errors.ts'
import type { Clock, Timer } from '../../../lib/time/clock.ts'
import { type Check, failureOf, type HealthFailure, type HealthSpec } from './health.ts'

export type Finding =
  /** It answered: for the first time, or again. */
  | { readonly kind: 'serves' }
  /** It did not; how many times in a row. Not found of one that has never served yet. */
  | { readonly kind: 'fails'; readonly failure: HealthFailure; readonly times: number }
  /** It could not be asked, for want of descriptors and the like; that is no failure of it. */
  | { readonly kind: 'cannotTell'; readonly reason: string }
  /** Too many failures: nothing more comes from this monitor. */
  | { readonly kind: 'unhealthy'; readonly failure: HealthFailure }

export interface MonitorOptions {
  readonly clock: Clock
  readonly check: Check
  readonly spec: HealthSpec
  /** It is known to have served: one failure is one failure, and not a start that takes its time. */
  readonly hasServed: boolean
  readonly report: (finding: Finding) => void
}

/** One that starts is looked at more often, so that it is up as soon as it serves: after so long, then twice as long ... */
const firstPauseMs = 50
/** ... up to this. */
const longestPauseMs = 400

export class HealthMonitor {
  readonly #options: MonitorOptions
  readonly #stopping = new AbortController()
  readonly #startedMs: number
  #hasServed: boolean
  #failures = 0
  #pauseMs = firstPauseMs
  #timer: Timer | undefined

  constructor(options: MonitorOptions) {
    this.#options = options
    this.#hasServed = options.hasServed
    this.#startedMs = options.clock.monotonicMs()
    void this.#look()
  }

  /** A check that is under way is ended, and its answer is nobody's. */
  stop(): void {
    this.#stopping.abort()
    this.#timer?.cancel()
  }

  async #look(): Promise<void> {
    const { spec, check, clock } = this.#options
    const verdict = await check(spec, this.#stopping.signal).catch((error) => ({ cannotTell: messageOf(error) }))
    if (this.#stopping.signal.aborted) return
    const failure = failureOf(verdict)
    if (failure) this.#bad(failure)
    else if (typeof verdict === 'object' && 'cannotTell' in verdict)
      this.#options.report({ kind: 'cannotTell', reason: verdict.cannotTell })
    else this.#good()
    if (this.#stopping.signal.aborted) return // they may have stopped us
    const pauseMs = this.#hasServed ? spec.intervalMs : Math.min(spec.intervalMs, this.#pauseMs)
    this.#pauseMs = Math.min(2 * this.#pauseMs, longestPauseMs)
    this.#timer = clock.after(pauseMs, () => void this.#look())
  }

  #good(): void {
    const isNews = !this.#hasServed || this.#failures > 0
    this.#hasServed = true
    this.#failures = 0
    if (isNews) this.#options.report({ kind: 'serves' })
  }

  #bad(failure: HealthFailure): void {
    const { reason, said } = failure
    const { spec, clock, report } = this.#options
    if (!this.#hasServed) {
      // A start may take as long as it takes to be unhealthy.
      const patienceMs = spec.failures * spec.intervalMs
      if (clock.monotonicMs() - this.#startedMs < patienceMs) return
      this.stop()
      const late = `it did not serve within ${patienceMs / 1000} s of its start: ${reason}`
      report({ kind: 'unhealthy', failure: { reason: late, said } })
      return
    }
    this.#failures++
    report({ kind: 'fails', failure, times: this.#failures })
    if (this.#failures < spec.failures) return
    this.stop()
    const checks = this.#failures === 1 ? 'a health check' : `${this.#failures} health checks`
    report({ kind: 'unhealthy', failure: { reason: `${checks} failed: ${reason}`, said } })
  }
}
