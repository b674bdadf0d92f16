/** A schedule and what became of it: the records that the scheduler keeps and the module shows. */
import type { ErrorStatus } from '../smi/error-status.ts'
import type { Calendar } from '../time/calendar.ts'
import { nextRun } from '../time/next-run.ts'
import type { Zone } from '../time/zone.ts'

export type ScheduleType = 'periodic' | 'calendar' | 'oneshot'
export type OperStatus = 'enabled' | 'disabled' | 'finished'

/** What a row says of when something runs; what runs is known to who runs it. */
export interface Schedule {
  /** Owner and name, unlike those of any other. */
  readonly key: string
  readonly type: ScheduleType
  /** Of periodic schedules; 0 never runs. */
  readonly intervalSeconds: number
  /** Of calendar and one-shot schedules. */
  readonly calendar: Calendar
  /** Whether the row, and so when it ran, outlives the process. */
  readonly isKept: boolean
  /** A run by the calendar that was missed takes place late, once, instead of being left out. */
  readonly runsLate?: boolean
  /** Runs before or after this are none: milliseconds since 1970. */
  readonly fromMs?: number
  readonly untilMs?: number
}

/** Why a run failed, as schedLastFailure and as one sentence. */
export interface RunFailure {
  readonly status: ErrorStatus
  readonly sentence: string
}

/** Times are of the wall clock in milliseconds since 1970 unless the name says otherwise. */
export interface ScheduleState {
  schedule: Schedule
  /** As timingOf gives it. */
  timing: string
  status: OperStatus
  /** When it runs next; undefined when it will not. */
  nextMs: number | undefined
  /** The same on the clock that nobody sets, for periodic schedules. */
  nextMonotonicMs: number | undefined
  lastMs: number | undefined
  isRunning: boolean
  triggers: number
  failures: number
  lastFailure: ErrorStatus
  lastFailedMs: number | undefined
  /** Runs that were due and did not take place. */
  missed: number
  lastMissedMs: number | undefined
  /** Of the last failure or missed run; empty when all went well since. */
  lastError: string
}

export function newState(schedule: Schedule): ScheduleState {
  return {
    schedule,
    timing: timingOf(schedule),
    status: 'disabled',
    nextMs: undefined,
    nextMonotonicMs: undefined,
    lastMs: undefined,
    isRunning: false,
    triggers: 0,
    failures: 0,
    lastFailure: 'noError',
    lastFailedMs: undefined,
    missed: 0,
    lastMissedMs: undefined,
    lastError: '',
  }
}

export type ScheduleEvent = 'enabled' | 'disabled' | 'oneshotTriggered'

/** schedOperStatus, RFC 3231. A finished schedule runs again when it is enabled again. */
export const transitions: Readonly<Record<OperStatus, Partial<Record<ScheduleEvent, OperStatus>>>> = {
  disabled: { enabled: 'enabled' },
  enabled: { disabled: 'disabled', oneshotTriggered: 'finished' },
  finished: { enabled: 'enabled', disabled: 'disabled' },
}

/** When it runs, as text: two schedules with the same timing run at the same times. */
export function timingOf({ type, intervalSeconds, calendar, fromMs, untilMs }: Schedule): string {
  if (type === 'periodic') return `periodic ${intervalSeconds}`
  const { weekDays, months, days, daysFromEnd, hours, minutes, isClamped = false } = calendar
  const numbers = (set: ReadonlySet<number>): string => [...set].sort((a, b) => a - b).join(',')
  const bounds = [
    isClamped ? 'clamped' : '',
    fromMs === undefined ? '' : `from ${fromMs}`,
    untilMs === undefined ? '' : `until ${untilMs}`,
  ]
  return [
    type,
    ...[weekDays, months, days, daysFromEnd, hours, minutes].map(numbers),
    ...bounds.filter((word) => word !== ''),
  ].join(' ')
}

/** The first run by the calendar after a moment; undefined when there is none, or none within its bounds. */
export function nextRunOf({ calendar, fromMs, untilMs }: Schedule, afterMs: number, zone: Zone): number | undefined {
  const next = nextRun(calendar, fromMs === undefined ? afterMs : Math.max(afterMs, fromMs - 1), zone)
  return next !== undefined && untilMs !== undefined && next > untilMs ? undefined : next
}
