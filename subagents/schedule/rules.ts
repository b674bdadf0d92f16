/** Rules about schedule.cnf: schedules that never run, and what they set that nothing takes. */

import { instanceMistake, integerSetMistake } from '../../lib/mib/instance-rules.ts'
import type { Names } from '../../lib/mib/names.ts'
import type { ConfiguredRow, Report, Rule } from '../../lib/mib/rules.ts'
import { compareOid, type Oid, zeroDotZero } from '../../lib/smi/oid.ts'
import { firstMatch } from '../../lib/time/calendar.ts'
import { schedTable } from './mib.ts'
import { calendarOf, type SchedRow } from './row.ts'

/** What is declared anywhere in this product. */
export type KnownObjects = Pick<Names, 'kindOf' | 'objectOf' | 'format'>

type Scheduled = ConfiguredRow<SchedRow>

/** Rows that are disabled may be unfinished. */
export function scheduleRule(known: KnownObjects, nowMs: () => number): Rule {
  return (rows, report) => {
    for (const scheduled of rows.of(schedTable)) {
      if (scheduled.row.schedAdminStatus !== 'enabled') continue
      checkTiming(scheduled, nowMs(), report)
      const { row, placeOf } = scheduled
      if (row.schedContextName !== '')
        report.warn(
          placeOf('schedContextName'),
          `there is no context ${row.schedContextName}; the only one has the empty name, which is written -`,
        )
      const mistake = variableMistake(row.schedVariable, row.schedValue, known)
      if (mistake) report.warn(placeOf('schedVariable'), `schedVariable: ${mistake}`)
    }
  }
}

function checkTiming({ row, placeOf }: Scheduled, nowMs: number, report: Report): void {
  if (row.schedType === 'periodic') {
    if (row.schedInterval === 0) report.warn(placeOf('schedInterval'), 'a periodic schedule of 0 seconds never runs')
    return
  }
  const empty = (['schedWeekDay', 'schedMonth', 'schedDay', 'schedHour', 'schedMinute'] as const).find(
    (column) => row[column].size === 0,
  )
  if (empty !== undefined) report.warn(placeOf(empty), `${empty} names nothing, so the schedule never runs`)
  else if (firstMatch(calendarOf(row), nowMs) === undefined)
    report.warn(
      placeOf('schedDay'),
      'no date is all of schedWeekDay, schedMonth and schedDay, so the schedule never runs',
    )
}

function variableMistake(variable: Oid, value: number, known: KnownObjects): string | undefined {
  if (compareOid(variable, zeroDotZero) === 0) return '0.0 names no object'
  if (known.kindOf(variable) === 'unknown') return undefined
  const object = known.objectOf(variable)
  if (!object) return `${known.format(variable)} has no value`
  return instanceMistake(object, variable) ?? integerSetMistake(object, value)
}
