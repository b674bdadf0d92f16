/**
 * When a calendar runs next, through the changes of the clock, which leave out local times and bring others twice. A time
 * that is left out runs once, at the moment of the change; a time that comes twice runs the first time alone. Calendars of
 * every hour speak of no time of the day: they go on by the minute, through the hour that comes twice too, and make up for
 * nothing.
 */
import { type Calendar, firstMatch, isEveryHour, type LocalMs } from './calendar.ts'
import { nextClockChange, type Zone } from './zone.ts'

/** No change of the clock brings more local time a second time than this. */
const longestRepetitionMs = 25 * 3_600_000

/** The first moment after `afterMs` at which the calendar runs; undefined when it never does. */
export function nextRun(calendar: Calendar, afterMs: number, zone: Zone): number | undefined {
  const isByTime = !isEveryHour(calendar)
  let fromMs = afterMs
  let offset = zone.offsetMs(fromMs)
  let from: LocalMs = fromMs + offset + 1
  const past = isByTime ? nextClockChange(zone, fromMs - longestRepetitionMs, fromMs) : undefined
  // What was local time before the change has had its turn.
  if (past) from = Math.max(from, past.atMs + past.before)
  for (;;) {
    const match = firstMatch(calendar, from)
    if (match === undefined) return undefined
    const change = nextClockChange(zone, fromMs, match - offset)
    if (!change) return match - offset
    const { atMs, before, after } = change
    const leftOut = after > before && isByTime ? firstMatch(calendar, atMs + before) : undefined
    if (leftOut !== undefined && leftOut < atMs + after) return atMs
    fromMs = atMs
    offset = after
    from = atMs + (isByTime ? Math.max(before, after) : after)
  }
}
