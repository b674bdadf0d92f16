/** A row of schedTable, and the calendar that its bits name. */
import type { RowOf } from '../../lib/mib/declare.ts'
import type { Syntax } from '../../lib/mib/syntax.ts'
import type { Calendar } from '../../lib/time/calendar.ts'
import { schedTable } from './mib.ts'

export type SchedRow = RowOf<typeof schedTable>

export function calendarOf(row: SchedRow): Calendar {
  const { schedWeekDay, schedMonth, schedDay, schedHour, schedMinute } = schedTable.columns
  const days = numbersOf(schedDay.syntax, row.schedDay)
  return {
    weekDays: new Set(numbersOf(schedWeekDay.syntax, row.schedWeekDay)),
    months: new Set(numbersOf(schedMonth.syntax, row.schedMonth)),
    days: new Set(days.filter((bit) => bit < 31).map((bit) => bit + 1)),
    daysFromEnd: new Set(days.filter((bit) => bit >= 31).map((bit) => bit - 30)),
    hours: new Set(numbersOf(schedHour.syntax, row.schedHour)),
    minutes: new Set(numbersOf(schedMinute.syntax, row.schedMinute)),
  }
}

function numbersOf<L extends string>({ named }: Syntax<ReadonlySet<L>>, labels: ReadonlySet<L>): number[] {
  return [...labels].map((label) => named![label]!)
}
