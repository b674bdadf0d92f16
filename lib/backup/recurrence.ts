/** When a backup schedule runs: what DRS calls its start and its frequency, as a schedule of lib/schedule. */
import { nextRunOf, type Schedule } from '../schedule/schedule.ts'
import type { Zone } from '../time/zone.ts'

export type Frequency = 'once' | 'daily' | 'weekly' | 'monthly'

export interface Recurrence {
  /** The first run, in milliseconds since 1970; its local time of the day is that of all runs, its day that of every month. */
  readonly startMs: number
  readonly frequency: Frequency
  /** Of weekly schedules: Sunday is 0. */
  readonly weekDays: ReadonlySet<number>
  /** A run that was missed takes place as soon as it can, instead of being left out. */
  readonly runsLate: boolean
}

const minuteMs = 60_000
const all = (first: number, last: number): ReadonlySet<number> =>
  new Set(Array.from({ length: last - first + 1 }, (_, at) => first + at))
const everyWeekDay = all(0, 6)
const everyMonth = all(0, 11)
const everyDay = all(1, 31)

/** `key` is unlike that of any other schedule of the scheduler. */
export function scheduleOf(key: string, recurrence: Recurrence, isKept: boolean, zone: Zone): Schedule {
  const { startMs, frequency, runsLate } = recurrence
  const fromMs = Math.floor(startMs / minuteMs) * minuteMs
  const local = new Date(fromMs + zone.offsetMs(fromMs))
  const isOnce = frequency === 'once'
  return {
    key,
    type: isOnce ? 'oneshot' : 'calendar',
    intervalSeconds: 0,
    calendar: {
      weekDays: frequency === 'weekly' ? recurrence.weekDays : everyWeekDay,
      months: isOnce ? new Set([local.getUTCMonth()]) : everyMonth,
      days: isOnce || frequency === 'monthly' ? new Set([local.getUTCDate()]) : everyDay,
      daysFromEnd: new Set(),
      hours: new Set([local.getUTCHours()]),
      minutes: new Set([local.getUTCMinutes()]),
      // A backup of the 31st that leaves out every second month is none: it runs on the last day.
      isClamped: frequency === 'monthly',
    },
    isKept,
    runsLate,
    fromMs,
    ...(isOnce ? { untilMs: fromMs } : {}),
  }
}

/** The next runs after a moment: at most `count`, in milliseconds since 1970. */
export function upcomingRuns(schedule: Schedule, afterMs: number, count: number, zone: Zone): number[] {
  const runs: number[] = []
  let last = afterMs
  while (runs.length < count) {
    const next = nextRunOf(schedule, last, zone)
    if (next === undefined) break
    runs.push(next)
    last = next
    if (schedule.type === 'oneshot') break
  }
  return runs
}
