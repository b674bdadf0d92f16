/** Runs by the calendar that were due while none could take place. */
import type { Zone } from '../time/zone.ts'
import { nextRunOf, type Schedule } from './schedule.ts'

export const missedCountedAtMost = 1000

export interface Passed {
  /** The last run due by now. */
  readonly dueMs: number
  /** How many were due before it; there are more when `isMore`. */
  readonly passed: number
  readonly isMore: boolean
  /** The last of those. */
  readonly passedMs: number
}

/** What was due from `firstMs` until now. */
export function passedUntil(now: number, schedule: Schedule, firstMs: number, zone: Zone): Passed {
  let dueMs = firstMs
  let passedMs = firstMs
  for (let passed = 0; ; passed++) {
    const next = nextRunOf(schedule, dueMs, zone)
    if (next === undefined || next > now) return { dueMs, passed, isMore: false, passedMs }
    if (passed === missedCountedAtMost) {
      const lastMs = lastRun(schedule, dueMs, now, zone)
      return { dueMs: lastMs, passed, isMore: true, passedMs: lastRun(schedule, dueMs, lastMs - 1, zone) }
    }
    passedMs = dueMs
    dueMs = next
  }
}

/** The last run until `untilMs`, found by halving; `firstMs` is one of them. */
function lastRun(schedule: Schedule, firstMs: number, untilMs: number, zone: Zone): number {
  let last = firstMs
  for (let end = untilMs + 1; end - last > 1; ) {
    const middle = Math.floor((last + end) / 2)
    const next = nextRunOf(schedule, middle - 1, zone)
    if (next !== undefined && next <= untilMs) last = next
    else end = middle
  }
  return last
}
