/** What goes wrong with one message or one timer costs that one: it is logged here, not more than a few times a second. */
import type { Clock } from './clock.ts'
import type { Log, LogFields } from './log.ts'
import { RateLimit } from './rate-limit.ts'

const burst = 10
const perSecond = 1

export class FaultGuard {
  readonly #log: Log
  readonly #limit: RateLimit

  constructor(clock: Clock, log: Log) {
    this.#log = log
    this.#limit = new RateLimit(clock, burst, perSecond)
  }

  /** Does the work; an error that nobody caught ends here. False then. */
  run(doing: string, work: () => void, fields: LogFields = {}): boolean {
    try {
      work()
      return true
    } catch (error) {
      this.report(doing, error, fields)
      return false
    }
  }

  /** `doing` completes "bug while": `receiving`. */
  report(doing: string, error: unknown, fields: LogFields = {}): void {
    const held = this.#limit.take()
    if (held !== undefined) this.#log.error(`bug while ${doing}`, { ...fields, error, more: held || undefined })
  }
}
