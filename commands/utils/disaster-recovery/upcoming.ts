/** The next runs of a schedule, as its row says. */
import { scheduleOf, upcomingRuns } from '../../../lib/backup/recurrence.ts'
import { machineZone } from '../../../lib/time/zone.ts'
import { drsScheduleTable } from '../../../subagents/backup/mib.ts'
import { recurrenceOf } from '../../../subagents/backup/schedule-table.ts'
import type { Row } from './ask.ts'

export const shownRuns = 5

/** At most five moments, in milliseconds since 1970; whether the schedule is enabled or not. */
export function upcomingOf(row: Row, nowMs: number): number[] {
  const { drsScheduleStart, drsScheduleFrequency, drsScheduleWeekDays, drsScheduleWhenMissed } =
    drsScheduleTable.columns
  const recurrence = recurrenceOf({
    drsScheduleStart: drsScheduleStart.syntax.parse(row.get('drsScheduleStart')) ?? 'never',
    drsScheduleFrequency: drsScheduleFrequency.syntax.parse(row.get('drsScheduleFrequency')) ?? 'once',
    drsScheduleWeekDays: drsScheduleWeekDays.syntax.parse(row.get('drsScheduleWeekDays')) ?? new Set(),
    drsScheduleWhenMissed: drsScheduleWhenMissed.syntax.parse(row.get('drsScheduleWhenMissed')) ?? 'skip',
  })
  if (!recurrence) return []
  return upcomingRuns(scheduleOf('', recurrence, false, machineZone), nowMs, shownRuns, machineZone)
}
