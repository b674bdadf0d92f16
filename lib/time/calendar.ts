/** A calendar as crontab(5) has one, with days counted from the end of the month as well: which local minutes it names. */

/** Numbers as people count them, but for weekdays (Sunday is 0) and months (January is 0), as Date has them. */
export interface Calendar {
  readonly weekDays: ReadonlySet<number>
  readonly months: ReadonlySet<number>
  /** 1 is the first day of the month. */
  readonly days: ReadonlySet<number>
  /** 1 is the last day of the month. */
  readonly daysFromEnd: ReadonlySet<number>
  readonly hours: ReadonlySet<number>
  readonly minutes: ReadonlySet<number>
  /** Days that a month does not have mean its last one: 31 runs on 30 April too. */
  readonly isClamped?: boolean
}

/** Local time as the milliseconds since 1970 that a clock in UTC would show at that reading. */
export type LocalMs = number

const minuteMs = 60_000
const dayMs = 86_400_000
/** 29 February on a given weekday comes every 28 years, and every 40 across a year such as 2100. */
const farthestDays = 41 * 366

/** The first minute that the calendar names, at or after a local time; undefined when there is none, such as 30 February. */
export function firstMatch(calendar: Calendar, from: LocalMs): LocalMs | undefined {
  const start = Math.ceil(from / minuteMs) * minuteMs
  const hours = [...calendar.hours].sort((a, b) => a - b)
  const minutes = [...calendar.minutes].sort((a, b) => a - b)
  if (hours.length === 0 || minutes.length === 0) return undefined
  const firstDay = Math.floor(start / dayMs) * dayMs
  for (let day = firstDay; day < firstDay + farthestDays * dayMs; day += dayMs) {
    if (!namesDay(calendar, day)) continue
    for (const hour of hours) {
      for (const minute of minutes) {
        const match = day + (hour * 60 + minute) * minuteMs
        if (match >= start) return match
      }
    }
  }
  return undefined
}

/** Whether the calendar goes through all hours of its days: then it speaks of minutes, and not of times of the day. */
export function isEveryHour({ hours }: Calendar): boolean {
  return hours.size === 24
}

function namesDay(calendar: Calendar, day: LocalMs): boolean {
  const date = new Date(day)
  const month = date.getUTCMonth()
  if (!calendar.months.has(month) || !calendar.weekDays.has(date.getUTCDay())) return false
  const dayOfMonth = date.getUTCDate()
  if (calendar.days.has(dayOfMonth)) return true
  const daysInMonth = new Date(Date.UTC(date.getUTCFullYear(), month + 1, 0)).getUTCDate()
  if (calendar.isClamped && dayOfMonth === daysInMonth && [...calendar.days].some((day) => day > daysInMonth))
    return true
  return calendar.daysFromEnd.has(daysInMonth - dayOfMonth + 1)
}
