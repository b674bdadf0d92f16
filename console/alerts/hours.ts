/** Hours of a week: `always`, `08:00-18:00`, `mon-fri/08:00-18:00`; one that ends before it begins ends on the next day. */

const days: readonly string[] = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const minutesOfDay = 24 * 60

export interface Hours {
  /** Of the week, Sunday first, as the day on which they begin. */
  readonly days: readonly number[]
  /** Minutes of the day. */
  readonly from: number
  readonly to: number
}

export const always: Hours = { days: [0, 1, 2, 3, 4, 5, 6], from: 0, to: minutesOfDay }

/** Undefined for what is none. */
export function parseHours(text: string): Hours | undefined {
  if (text === 'always') return always
  const [, dayText, from, to] = /^(?:([a-z,-]+)\/)?(\d\d:\d\d)-(\d\d:\d\d)$/.exec(text) ?? []
  const [start, end] = [minutesOf(from), minutesOf(to)]
  const chosen = dayText === undefined ? always.days : daysOf(dayText)
  if (start === undefined || end === undefined || start === end || !chosen) return undefined
  return { days: chosen, from: start, to: end }
}

/** Whether they hold at this moment, in local time. */
export function isWithin({ days: chosen, from, to }: Hours, at: Date): boolean {
  const minute = at.getHours() * 60 + at.getMinutes()
  const today = chosen.includes(at.getDay())
  if (from < to) return today && minute >= from && minute < to
  const yesterday = chosen.includes((at.getDay() + 6) % 7)
  return (today && minute >= from) || (yesterday && minute < to)
}

/** When they are over, at a moment at which they hold. */
export function endOf(hours: Hours, at: Date): Date {
  const end = new Date(at)
  // Minute by minute is how local time goes over a change of the clock.
  end.setSeconds(0, 0)
  for (let minute = 0; minute < 8 * minutesOfDay && isWithin(hours, end); minute++) end.setTime(end.getTime() + 60_000)
  return end
}

function minutesOf(text = ''): number | undefined {
  const [hours = 0, minutes = 0] = text.split(':').map(Number)
  const total = hours * 60 + minutes
  return text !== '' && minutes < 60 && total <= minutesOfDay ? total : undefined
}

/** `mon-fri`, `sat,sun`; undefined where a word is no day. */
function daysOf(text: string): number[] | undefined {
  const found: number[] = []
  for (const part of text.split(',')) {
    const [first, last, more] = part.split('-').map((word) => days.indexOf(word))
    if (first === undefined || first < 0 || (last !== undefined && last < 0) || more !== undefined) return undefined
    for (let day = first; ; day = (day + 1) % 7) {
      found.push(day)
      if (day === (last ?? first)) break
    }
  }
  return found
}
