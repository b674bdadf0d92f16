/**
 * The guard around the work on one message: its owner is told that it failed, and answers it, where the guard of the process
 * (guard.ts), which is below, can only go on. It is logged with what is known of the message, once a second at most.
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
