/** Rules about eventagt.cnf: triggers, events and objects that point at each other, and at objects that tests can use. */

import { instanceMistake, integerSetMistake } from '../../lib/mib/instance-rules.ts'
import type { Names } from '../../lib/mib/names.ts'
import type { ConfiguredRow, ConfiguredRows, Report, Rule } from '../../lib/mib/rules.ts'
import { compareOid, type Oid, zeroDotZero } from '../../lib/smi/oid.ts'
import { mteEventTable, mteObjectsTable, mteResource, mteTriggerTable } from './mib.ts'
import type { EventRow, TriggerRow } from './rows.ts'

/** What is declared anywhere in this product. */
export type KnownObjects = Pick<Names, 'kindOf' | 'objectOf' | 'format'>

type TriggerColumn = keyof TriggerRow & string
type Trigger = ConfiguredRow<TriggerRow>

const eventColumns: readonly (readonly [owner: TriggerColumn, name: TriggerColumn])[] = [
  ['mteTriggerExistenceEventOwner', 'mteTriggerExistenceEvent'],
  ['mteTriggerBooleanEventOwner', 'mteTriggerBooleanEvent'],
  ['mteTriggerThresholdRisingEventOwner', 'mteTriggerThresholdRisingEvent'],
  ['mteTriggerThresholdFallingEventOwner', 'mteTriggerThresholdFallingEvent'],
  ['mteTriggerThresholdDeltaRisingEventOwner', 'mteTriggerThresholdDeltaRisingEvent'],
  ['mteTriggerThresholdDeltaFallingEventOwner', 'mteTriggerThresholdDeltaFallingEvent'],
]

const objectsColumns: readonly (readonly [owner: TriggerColumn, name: TriggerColumn])[] = [
  ['mteTriggerObjectsOwner', 'mteTriggerObjects'],
  ['mteTriggerExistenceObjectsOwner', 'mteTriggerExistenceObjects'],
  ['mteTriggerBooleanObjectsOwner', 'mteTriggerBooleanObjects'],
  ['mteTriggerThresholdObjectsOwner', 'mteTriggerThresholdObjects'],
]

export function eventRules(known: KnownObjects): readonly Rule[] {
  return [triggerRule(known), objectsRule(known), eventRule(known)]
}

function triggerRule(known: KnownObjects): Rule {
  return (rows, report) => {
    const minimum = rows.of(mteResource)[0]?.row.mteResourceSampleMinimum ?? 1
    for (const trigger of rows.of(mteTriggerTable)) {
      const { row, placeOf } = trigger
      checkReferences(rows, trigger, report)
      checkValue(trigger, known, report)
      checkThresholds(trigger, report)
      // Asked of a SET that names the frequency; the minimum may have been raised since.
      if (row.mteTriggerFrequency < minimum)
        report.warn(
          placeOf('mteTriggerFrequency'),
          `mteTriggerFrequency ${row.mteTriggerFrequency} is below mteResourceSampleMinimum ${minimum}`,
        )
      if (row.mteTriggerTest.size === 0) report.warn(placeOf('mteTriggerTest'), 'a trigger without a test never fires')
    }
  }
}

function checkReferences(rows: ConfiguredRows, { row, placeOf }: Trigger, report: Report): void {
  const events = new Set(rows.of(mteEventTable).map((one) => `${one.row.mteOwner}/${one.row.mteEventName}`))
  const groups = groupsOf(rows)
  for (const [owner, name] of eventColumns)
    if (points(row, name) && !events.has(`${row[owner]}/${row[name]}`))
      report.warn(placeOf(name), `there is no mteEventEntry ${row[owner]}/${row[name]}`)
  for (const [owner, name] of objectsColumns)
    if (points(row, name) && !groups.has(`${row[owner]}/${row[name]}`))
      report.warn(placeOf(name), `there is no mteObjectsEntry ${row[owner]}/${row[name]}`)
}

function points(row: TriggerRow, name: TriggerColumn): boolean {
  return row[name] !== undefined && row[name] !== ''
}

function groupsOf(rows: ConfiguredRows): Set<string> {
  return new Set(rows.of(mteObjectsTable).map((one) => `${one.row.mteOwner}/${one.row.mteObjectsName}`))
}

function checkValue({ row, placeOf }: Trigger, known: KnownObjects, report: Report): void {
  const { mteTriggerValueID: value, mteTriggerValueIDWildcard: isWildcard, mteTriggerTest: tests } = row
  const at = placeOf('mteTriggerValueID')
  const mistake = objectMistake(value, isWildcard, known)
  if (mistake) report.warn(at, `mteTriggerValueID: ${mistake}`)
  else if ((tests.has('boolean') || tests.has('threshold')) && !isInteger(value, known))
    report.warn(at, `mteTriggerValueID: ${known.format(value)} is no number, as boolean and threshold tests need`)
  const discontinuity = row.mteTriggerDeltaDiscontinuityID
  const wrong =
    discontinuity && objectMistake(discontinuity, row.mteTriggerDeltaDiscontinuityIDWildcard ?? false, known)
  if (wrong) report.warn(placeOf('mteTriggerDeltaDiscontinuityID'), `mteTriggerDeltaDiscontinuityID: ${wrong}`)
}

const integers = new Set(['Integer32', 'Gauge32', 'Counter32', 'Counter64', 'TimeTicks'])

/** Of objects that are declared elsewhere nothing is known. */
function isInteger(oid: Oid, known: KnownObjects): boolean {
  const object = known.objectOf(oid)
  return !object || integers.has(object.syntax.base)
}

/** Why nothing can be read under this name; undefined when something may be. */
function objectMistake(oid: Oid, isWildcard: boolean, known: KnownObjects): string | undefined {
  if (compareOid(oid, zeroDotZero) === 0) return '0.0 names no object'
  const kind = known.kindOf(oid)
  if (kind === 'unknown') return undefined
  const object = known.objectOf(oid)
  if (!object) return `${known.format(oid)} has no value`
  if (object.access === 'accessible-for-notify') return `${object.name} has no value that can be read`
  return isWildcard ? undefined : instanceMistake(object, oid)
}

/** RFC 2981: once it rose, a trigger is armed again at or below the falling threshold. */
function checkThresholds({ row, placeOf }: Trigger, report: Report): void {
  for (const [rising, falling] of [
    ['mteTriggerThresholdRising', 'mteTriggerThresholdFalling'],
    ['mteTriggerThresholdDeltaRising', 'mteTriggerThresholdDeltaFalling'],
  ] as const) {
    const [high, low] = [row[rising], row[falling]]
    if (high !== undefined && low !== undefined && high < low)
      report.warn(placeOf(rising), `${rising} ${high} is below ${falling} ${low}; one value can be both`)
  }
}

function objectsRule(known: KnownObjects): Rule {
  return (rows, report) => {
    for (const { row, placeOf } of rows.of(mteObjectsTable)) {
      const mistake = objectMistake(row.mteObjectsID, row.mteObjectsIDWildcard, known)
      if (mistake) report.warn(placeOf('mteObjectsID'), `mteObjectsID: ${mistake}`)
    }
  }
}

function eventRule(known: KnownObjects): Rule {
  return (rows, report) => {
    const groups = groupsOf(rows)
    for (const event of rows.of(mteEventTable)) {
      const { row, placeOf } = event
      if (row.mteEventActions.size === 0)
        report.warn(placeOf('mteEventActions'), 'an event without an action does nothing')
      const objects = row.mteEventNotificationObjects ?? ''
      if (objects !== '' && !groups.has(`${row.mteEventNotificationObjectsOwner}/${objects}`))
        report.warn(
          placeOf('mteEventNotificationObjects'),
          `there is no mteObjectsEntry ${row.mteEventNotificationObjectsOwner}/${objects}`,
        )
      checkNotification(event, known, report)
      checkSet(event, known, report)
    }
  }
}

/** 0.0 is the notification that RFC 2981 has for what fired. */
function checkNotification({ row, placeOf }: ConfiguredRow<EventRow>, known: KnownObjects, report: Report): void {
  const name = row.mteEventNotification
  if (name === undefined || compareOid(name, zeroDotZero) === 0) return
  const kind = known.kindOf(name)
  if (kind === 'object' || kind === 'other')
    report.warn(placeOf('mteEventNotification'), `mteEventNotification: ${known.format(name)} is no notification`)
}

function checkSet({ row, placeOf }: ConfiguredRow<EventRow>, known: KnownObjects, report: Report): void {
  const name = row.mteEventSetObject
  if (name === undefined) return
  const at = placeOf('mteEventSetObject')
  const object = known.objectOf(name)
  const refusal =
    objectMistake(name, row.mteEventSetObjectWildcard ?? false, known) ??
    (object && integerSetMistake(object, row.mteEventSetValue ?? 0))
  if (refusal) report.warn(at, `mteEventSetObject: ${refusal}`)
}
