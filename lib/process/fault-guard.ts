/**
 * What goes wrong with one message or one timer costs that one: it is logged here with what is known of it, once a second at
 * most. Below it is the guard of the process (guard.ts), which knows of no message and answers none.
 */

import { limitedLog } from '../log/limited-log.ts'
import type { Log, LogFields } from '../log/log.ts'
import type { Clock } from '../time/clock.ts'

export class FaultGuard {
  readonly #log: Log

  constructor(clock: Clock, log: Log) {
    this.#log = limitedLog(log, clock)
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
    this.#log.error(`bug while ${doing}`, { ...fields, error })
  }
}
