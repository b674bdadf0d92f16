/** What the clock on the wall shows, minute by minute, from Intl and by brute force: what the scheduler is held against. */
import type { Calendar } from '../../../lib/time/calendar.ts'
import type { Zone } from '../../../lib/time/zone.ts'

const minuteMs = 60_000
const quarterMs = 15 * minuteMs

export function range(first: number, last: number): ReadonlySet<number> {
  return new Set(Array.from({ length: last - first + 1 }, (_, i) => first + i))
}

export const everyMinute: Calendar = {
  weekDays: range(0, 6),
  months: range(0, 11),
  days: range(1, 31),
  daysFromEnd: new Set(),
  hours: range(0, 23),
  minutes: range(0, 59),
}

/** A zone by its name, whatever the machine's is. */
export function zoneNamed(timeZone: string): Zone {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  const known = new Map<number, number>() // asked for again and again, and slow to find
  return {
    offsetMs(atMs) {
      const found = known.get(atMs)
      if (found !== undefined) return found
      const second = Math.floor(atMs / 1000) * 1000
      const parts = Object.fromEntries(format.formatToParts(second).map(({ type, value }) => [type, Number(value)]))
      const { year, month, day, hour, minute, second: seconds } = parts
      const offset = Date.UTC(year!, month! - 1, day, hour, minute, seconds) - second
      known.set(atMs, offset)
      return offset
    },
  }
}

/** All moments in (fromMs, untilMs] at which the calendar is to run, as docs/schedule.md says it. */
export function expectedRuns(calendar: Calendar, fromMs: number, untilMs: number, zone: Zone): number[] {
  const runs: number[] = []
  const isByTime = calendar.hours.size < 24
  const first = Math.floor(fromMs / minuteMs) * minuteMs - 26 * 3_600_000
  let latest = Number.NEGATIVE_INFINITY // what the wall has shown already is at or before it
  let shown: number | undefined
  let offset = 0
  for (let at = first; at <= untilMs; at += minuteMs) {
    if (shown === undefined || at % quarterMs === 0) offset = zone.offsetMs(at)
    const now = at + offset
    // What the wall's clock jumped over, and what it shows now.
    const leftOut =
      isByTime && shown !== undefined && now > shown + minuteMs ? minutesBetween(shown + minuteMs, now) : []
    const isNew = !isByTime || now > latest
    const isNamed = (isNew && names(calendar, now)) || leftOut.some((local) => names(calendar, local))
    if (isNamed && at > fromMs) runs.push(at)
    latest = Math.max(latest, now)
    shown = now
  }
  return runs
}

function minutesBetween(from: number, until: number): number[] {
  return Array.from({ length: (until - from) / minuteMs }, (_, i) => from + i * minuteMs)
}

function names({ weekDays, months, days, daysFromEnd, hours, minutes }: Calendar, local: number): boolean {
  if (!minutes.has((local / minuteMs) % 60) || !hours.has(Math.floor(local / 3_600_000) % 24)) return false
  const date = new Date(local)
  if (!weekDays.has(date.getUTCDay()) || !months.has(date.getUTCMonth())) return false
  if (days.has(date.getUTCDate())) return true
  return [...daysFromEnd].some(
    (back) => new Date(local + back * 86_400_000).getUTCDate() === 1 && isSameMonth(local, back),
  )
}

/** Whether the day `back - 1` days later is still of the month. */
function isSameMonth(local: number, back: number): boolean {
  return new Date(local).getUTCMonth() === new Date(local + (back - 1) * 86_400_000).getUTCMonth()
}
