/** A row of schedTable: its schedule, its calendar, its names, and the rights it has. */
import type { RowOf } from '../../lib/mib/declare.ts'
import type { LocalAgent } from '../../lib/mib/local-agent.ts'
import type { Syntax } from '../../lib/mib/syntax.ts'
import type { RunFailure, Schedule } from '../../lib/schedule/schedule.ts'
import type { Principal } from '../../lib/smi/principal.ts'
import type { Calendar } from '../../lib/time/calendar.ts'
import { schedTable } from './mib.ts'

export type SchedRow = RowOf<typeof schedTable>
export type SchedIndex = Pick<SchedRow, 'schedOwner' | 'schedName'>

export function scheduleOf(row: SchedRow): Schedule {
  const { schedType: type, schedInterval: intervalSeconds, schedStorageType: storage } = row
  const isKept = storage !== 'volatile' && storage !== 'other'
  return { key: keyOf(row), type, intervalSeconds, calendar: calendarOf(row), isKept }
}

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

function numbersOf<L extends string>({ named = {} }: Syntax<ReadonlySet<L>>, labels: ReadonlySet<L>): number[] {
  return [...labels].flatMap((label) => named[label] ?? [])
}

/** Unlike that of any other row: owners and names may hold any character. */
export function keyOf({ schedOwner, schedName }: SchedIndex): string {
  return JSON.stringify([schedOwner, schedName])
}

export function indexOf(key: string): SchedIndex {
  const [schedOwner, schedName]: readonly [string, string] = JSON.parse(key)
  return { schedOwner, schedName }
}

export function nameOf({ schedOwner, schedName }: SchedIndex): string {
  return schedOwner === '' ? schedName : `${schedOwner}/${schedName}`
}

/** Columns that say what is done, and the one that makes the row active. */
export const actingColumns = ['schedRowStatus', 'schedContextName', 'schedVariable', 'schedValue'] as const

export function principalColumnsOf({ securityModel, securityName, securityLevel }: Principal) {
  return {
    castellanSchedSecurityModel: securityModel,
    castellanSchedSecurityName: securityName,
    castellanSchedSecurityLevel: securityLevel,
  }
}

/** Sets what the row says, with the rights of who activated it. */
export async function setVariable(agent: LocalAgent, row: SchedRow): Promise<RunFailure | undefined> {
  return agent.set([{ name: row.schedVariable, value: { type: 'Integer32', value: row.schedValue } }], {
    securityModel: row.castellanSchedSecurityModel,
    securityName: row.castellanSchedSecurityName,
    securityLevel: row.castellanSchedSecurityLevel,
    contextName: row.schedContextName,
  })
}
