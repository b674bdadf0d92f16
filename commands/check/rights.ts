/** Whether those who sample and set for themselves, the triggers of eventagt.cnf and the schedules of schedule.cnf, may do so. */

import type { Principal, Vacm, ViewType } from '../../agent/access/vacm.ts'
import { vacmOf } from '../../agent/internal/access.ts'
import type { Place } from '../../lib/cnf/complaint.ts'
import type { BoundColumn } from '../../lib/mib/declare.ts'
import type { Names } from '../../lib/mib/names.ts'
import type { ConfiguredRows, Report, Rule } from '../../lib/mib/rules.ts'
import { View } from '../../lib/mib/view.ts'
import type { Oid } from '../../lib/smi/oid.ts'
import type { Fired } from '../../subagents/event/conditions/step.ts'
import { mteEventTable, mteObjectsTable, mteTriggerTable } from '../../subagents/event/mib.ts'
import {
  eventOf,
  isSampled,
  objectGroupsOf,
  type Pointer,
  requesterOf,
  type TriggerRow,
} from '../../subagents/event/rows.ts'
import { schedTable } from '../../subagents/schedule/mib.ts'

type Naming = Pick<Names, 'format' | 'objectOf'>

const everything: readonly Fired[] = [
  'present',
  'absent',
  'changed',
  'isTrue',
  'rising',
  'falling',
  'deltaRising',
  'deltaFalling',
]

export function eventRightsRule(names: Naming, guarded: readonly Oid[]): Rule {
  return (rows, report) => {
    const vacm = vacmOf(rows, guarded)
    for (const { row, placeOf } of rows.of(mteTriggerTable)) {
      if (!isSampled(row)) continue
      const may = asker(vacm, requesterOf(row) as Principal, names, report)
      may('read', row.mteTriggerValueID, placeOf('mteTriggerValueID'))
      for (const { oid, at } of objectsOf(rows, row)) may('read', oid, at)
      for (const { oid, at } of setsOf(rows, row)) may('write', oid, at)
    }
  }
}

export function scheduleRightsRule(names: Naming, guarded: readonly Oid[]): Rule {
  return (rows, report) => {
    const vacm = vacmOf(rows, guarded)
    for (const { row, placeOf } of rows.of(schedTable)) {
      if (row.schedAdminStatus !== 'enabled') continue
      const principal = {
        securityModel: row.castellanSchedSecurityModel,
        securityName: row.castellanSchedSecurityName,
        securityLevel: row.castellanSchedSecurityLevel,
        contextName: row.schedContextName,
      }
      asker(vacm, principal, names, report)('write', row.schedVariable, placeOf('schedVariable'))
    }
  }
}

/** Warns where a principal has not the right, with the line that gives it. */
function asker(vacm: Vacm, principal: Principal, names: Naming, report: Report) {
  return (viewType: ViewType, oid: Oid, at: Place): void => {
    const { result, groupName, viewName } = vacm.explain(principal, viewType)
    // Contexts and names that are not there are the modules' own rules.
    if (result === 'noSuchContext' || oid.length <= 2) return
    if (result instanceof View && (result.includes(oid) || result.decide({ oid }) !== 'out')) return
    const { securityName, securityModel, securityLevel } = principal
    const object = names.objectOf(oid)
    // What nobody can set needs no right; a command needs more than one.
    if (viewType === 'write' && object && (object.command || !isSettable(object))) return
    const subtree = names.format(object?.oid ?? oid)
    report.warn(
      at,
      `${securityName} may not ${viewType} ${names.format(oid)} by snmpd.cnf; ${fix(result, { securityModel, securityName, securityLevel, viewType, groupName, viewName, subtree })}`,
    )
  }
}

function isSettable({ access }: BoundColumn): boolean {
  return access === 'read-write' || access === 'read-create'
}

interface Lack extends Omit<Principal, 'contextName'> {
  readonly viewType: ViewType
  readonly groupName: string | undefined
  readonly viewName: string | undefined
  readonly subtree: string
}

function fix(result: ReturnType<Vacm['explain']>['result'], lack: Lack): string {
  const { securityModel, securityName, securityLevel, viewType, groupName, viewName, subtree } = lack
  if (result === 'noGroupName') return `no vacmSecurityToGroupEntry ${securityModel} ${securityName} gives it a group`
  if (result === 'noAccessEntry')
    return `group ${groupName} has no vacmAccessEntry for ${securityModel} at ${securityLevel}`
  if (!viewName) return `the vacmAccessEntry of group ${groupName} has no ${viewType} view`
  return `add: vacmViewTreeFamilyEntry ${viewName} ${subtree} - included nonVolatile`
}

interface Named {
  readonly oid: Oid
  readonly at: Place
}

/** What the notifications of a trigger take along. */
function objectsOf(rows: ConfiguredRows, trigger: TriggerRow): Named[] {
  const groups = everything.flatMap((fired) => {
    const event = eventNamed(rows, eventOf(trigger, fired))
    return event ? objectGroupsOf(trigger, fired, event.row) : []
  })
  const names = new Set(groups.map(keyOf))
  return rows
    .of(mteObjectsTable)
    .filter(({ row }) => names.has(keyOf({ owner: row.mteOwner, name: row.mteObjectsName })))
    .map(({ row, placeOf }) => ({ oid: row.mteObjectsID, at: placeOf('mteObjectsID') }))
}

function setsOf(rows: ConfiguredRows, trigger: TriggerRow): Named[] {
  const events = new Set(everything.flatMap((fired) => eventNamed(rows, eventOf(trigger, fired)) ?? []))
  return [...events].flatMap(({ row, placeOf }) =>
    row.mteEventSetObject === undefined ? [] : [{ oid: row.mteEventSetObject, at: placeOf('mteEventSetObject') }],
  )
}

function eventNamed(rows: ConfiguredRows, { owner, name }: Pointer) {
  return rows.of(mteEventTable).find(({ row }) => row.mteOwner === owner && row.mteEventName === name)
}

function keyOf({ owner, name }: Pointer): string {
  return JSON.stringify([owner, name])
}
