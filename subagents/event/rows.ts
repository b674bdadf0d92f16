/** Rows as the tests see them, and which event each test that fires invokes. */
import type { RowOf } from '../../lib/mib/declare.ts'
import type { Requester } from '../../lib/mib/module.ts'
import { compareOid } from '../../lib/smi/oid.ts'
import type { Fired, TriggerTests } from './conditions/step.ts'
import type { mteEventTable, mteObjectsTable, mteTriggerTable } from './mib.ts'

export type TriggerRow = RowOf<typeof mteTriggerTable>
export type TriggerIndex = Pick<TriggerRow, 'mteOwner' | 'mteTriggerName'>
export type EventRow = RowOf<typeof mteEventTable>
export type ObjectsRow = RowOf<typeof mteObjectsTable>

/** The owner and the name of a row of another table; an empty name points nowhere. */
export interface Pointer {
  readonly owner: string
  readonly name: string
}

export function testsOf(row: TriggerRow): TriggerTests {
  const has = row.mteTriggerTest
  return {
    sampleType: row.mteTriggerSampleType,
    discontinuityType: row.mteTriggerDeltaDiscontinuityIDType ?? 'timeTicks',
    existence: has.has('existence') ? existenceOf(row) : undefined,
    boolean: has.has('boolean') ? booleanOf(row) : undefined,
    threshold: has.has('threshold') ? thresholdOf(row) : undefined,
  }
}

/** The columns of a test have values, defaults among them, where mteTriggerTest has the test (mib/triggers.ts). */
function existenceOf(row: TriggerRow): TriggerTests['existence'] {
  const { mteTriggerExistenceTest: test, mteTriggerExistenceStartup: startup } = row
  return test && startup && { test, startup }
}

function booleanOf(row: TriggerRow): TriggerTests['boolean'] {
  const { mteTriggerBooleanComparison: comparison, mteTriggerBooleanValue: value } = row
  const { mteTriggerBooleanStartup: startup } = row
  if (comparison === undefined || value === undefined || startup === undefined) return undefined
  return { comparison, value, startup }
}

function thresholdOf(row: TriggerRow): TriggerTests['threshold'] {
  const { mteTriggerThresholdStartup: startup } = row
  const { mteTriggerThresholdRising: rising, mteTriggerThresholdFalling: falling } = row
  const { mteTriggerThresholdDeltaRising: deltaRising, mteTriggerThresholdDeltaFalling: deltaFalling } = row
  if (startup === undefined || rising === undefined || falling === undefined) return undefined
  if (deltaRising === undefined || deltaFalling === undefined) return undefined
  return { startup, rising, falling, deltaRising, deltaFalling }
}

export function eventOf(row: TriggerRow, fired: Fired): Pointer {
  switch (fired) {
    case 'present':
    case 'absent':
    case 'changed':
      return pointer(row.mteTriggerExistenceEventOwner, row.mteTriggerExistenceEvent)
    case 'isTrue':
      return pointer(row.mteTriggerBooleanEventOwner, row.mteTriggerBooleanEvent)
    case 'rising':
      return pointer(row.mteTriggerThresholdRisingEventOwner, row.mteTriggerThresholdRisingEvent)
    case 'falling':
      return pointer(row.mteTriggerThresholdFallingEventOwner, row.mteTriggerThresholdFallingEvent)
    case 'deltaRising':
      return pointer(row.mteTriggerThresholdDeltaRisingEventOwner, row.mteTriggerThresholdDeltaRisingEvent)
    case 'deltaFalling':
      return pointer(row.mteTriggerThresholdDeltaFallingEventOwner, row.mteTriggerThresholdDeltaFallingEvent)
  }
}

/** The groups of objects that go into a notification, in the order of mteObjectsIndex: trigger, test, event. */
export function objectGroupsOf(row: TriggerRow, fired: Fired, event: EventRow): Pointer[] {
  return [
    pointer(row.mteTriggerObjectsOwner, row.mteTriggerObjects),
    testObjectsOf(row, fired),
    pointer(event.mteEventNotificationObjectsOwner, event.mteEventNotificationObjects),
  ]
}

/** In whose name the trigger samples, and its events set: who activated it. */
export function requesterOf(row: TriggerRow): Requester {
  return {
    securityModel: row.castellanEventTriggerSecurityModel,
    securityName: row.castellanEventTriggerSecurityName,
    securityLevel: row.castellanEventTriggerSecurityLevel,
    contextName: row.mteTriggerContextName,
  }
}

export function isSampled(row: TriggerRow): boolean {
  return row.mteTriggerEntryStatus === 'active' && row.mteTriggerEnabled
}

/** Whether a deltaValue row names another object than sysUpTime.0, which is looked at in any case. */
export function namesDiscontinuity({ mteTriggerDeltaDiscontinuityID: id }: TriggerRow): boolean {
  return id !== undefined && compareOid(id, sysUpTimeInstance) !== 0
}

const sysUpTimeInstance = [1, 3, 6, 1, 2, 1, 1, 3, 0]

/** Unlike that of any other row: owners and names may hold any character. */
export function keyOf({ mteOwner, mteTriggerName }: TriggerIndex): string {
  return JSON.stringify([mteOwner, mteTriggerName])
}

export function nameOf({ mteOwner, mteTriggerName }: TriggerIndex): string {
  return mteOwner === '' ? mteTriggerName : `${mteOwner}/${mteTriggerName}`
}

function testObjectsOf(row: TriggerRow, fired: Fired): Pointer {
  switch (fired) {
    case 'present':
    case 'absent':
    case 'changed':
      return pointer(row.mteTriggerExistenceObjectsOwner, row.mteTriggerExistenceObjects)
    case 'isTrue':
      return pointer(row.mteTriggerBooleanObjectsOwner, row.mteTriggerBooleanObjects)
    default:
      return pointer(row.mteTriggerThresholdObjectsOwner, row.mteTriggerThresholdObjects)
  }
}

function pointer(owner = '', name = ''): Pointer {
  return { owner, name }
}
