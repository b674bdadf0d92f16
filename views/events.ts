/** Every trigger of an appliance with its instances, how far they are from a threshold, what needs attention first (DISMAN-EVENT-MIB). */

import { declaredNames } from '../catalogue.ts'
import { formatOid } from '../lib/smi/oid.ts'
import type { Manager } from '../snmp/manager/manager.ts'
import { type WalkedRow, walkTable } from '../snmp/manager/table-walk.ts'
import { castellanEventInstanceTable, mteTriggerTable } from '../subagents/event/mib.ts'
import { testsText } from './trigger-tests.ts'

type TriggerRow = WalkedRow<typeof mteTriggerTable>
type InstanceRow = WalkedRow<typeof castellanEventInstanceTable>

/** In the order in which they are shown. */
const attentions = ['failed', 'alarm', 'armed', 'waiting', 'off'] as const
export type Attention = (typeof attentions)[number]

/** An instance of a trigger, or a trigger that has none. */
export interface WatchedInstance {
  readonly owner: string
  readonly name: string
  readonly comment: string
  /** By name, with its instance; of a trigger that has none, as its row has it. */
  readonly object: string
  readonly oid: string
  readonly isWildcard: boolean
  readonly isEnabled: boolean
  readonly test: readonly string[]
  /** What it tests, as people read it. */
  readonly limits: string
  readonly sampleType: string
  readonly frequencySeconds: number
  readonly rising: number | undefined
  readonly falling: number | undefined
  readonly comparison: string | undefined
  readonly compared: number | undefined
  readonly value: string
  /** castellanEventInstanceDistance. */
  readonly distance: number | undefined
  /** castellanEventInstanceState; undefined of a trigger that has no instance. */
  readonly state: string | undefined
  readonly attention: Attention
  /** When its trigger last invoked an event for it. */
  readonly lastFired: string | undefined
  readonly fired: number
  readonly sampled: string | undefined
  readonly ageSeconds: number | undefined
  readonly error: string
}

/** Who may read it sees what is watched. */
export const eventsObject = castellanEventInstanceTable.columns.castellanEventInstanceState.oid

export async function readEvents(manager: Manager, nowMs = Date.now()): Promise<WatchedInstance[]> {
  const triggers = await walkTable(manager, mteTriggerTable)
  return watchedOf(triggers, await walkTable(manager, castellanEventInstanceTable), nowMs)
}

/** What needs attention first: what failed, what is beyond a threshold, then by how near it is to one; what is off last. */
export function watchedOf(
  triggers: readonly TriggerRow[],
  instances: readonly InstanceRow[],
  nowMs: number,
): WatchedInstance[] {
  const watched = triggers.flatMap((trigger) => {
    const own = instances.filter(
      ({ mteOwner, mteTriggerName }) => mteOwner === trigger.mteOwner && mteTriggerName === trigger.mteTriggerName,
    )
    return own.length === 0 ? [watch(trigger, undefined, nowMs)] : own.map((one) => watch(trigger, one, nowMs))
  })
  const rank = ({ attention }: WatchedInstance): number => attentions.indexOf(attention)
  return watched.sort((a, b) => rank(a) - rank(b) || nearness(a) - nearness(b))
}

function watch(trigger: TriggerRow, instance: InstanceRow | undefined, nowMs: number): WatchedInstance {
  const { mteTriggerTest: test = new Set<string>() } = trigger
  const oid = instance?.castellanEventInstanceOID ?? trigger.mteTriggerValueID ?? [0, 0]
  const sampled = dateOf(instance?.castellanEventInstanceSampled)
  const isEnabled = trigger.mteTriggerEnabled === true && trigger.mteTriggerEntryStatus === 'active'
  // Of thresholds that nobody watches nothing is shown: they have no event.
  const hasThreshold =
    test.has('threshold') && Boolean(trigger.mteTriggerThresholdRisingEvent || trigger.mteTriggerThresholdFallingEvent)
  const hasBoolean = test.has('boolean')
  return {
    owner: trigger.mteOwner,
    name: trigger.mteTriggerName,
    comment: trigger.mteTriggerComment ?? '',
    object: declaredNames.format(oid),
    oid: formatOid(oid),
    isWildcard: trigger.mteTriggerValueIDWildcard ?? false,
    isEnabled,
    test: [...test],
    limits: testsText(trigger),
    sampleType: trigger.mteTriggerSampleType ?? 'absoluteValue',
    frequencySeconds: trigger.mteTriggerFrequency ?? 0,
    rising: hasThreshold ? trigger.mteTriggerThresholdRising : undefined,
    falling: hasThreshold ? trigger.mteTriggerThresholdFalling : undefined,
    comparison: hasBoolean ? trigger.mteTriggerBooleanComparison : undefined,
    compared: hasBoolean ? trigger.mteTriggerBooleanValue : undefined,
    value: instance?.castellanEventInstanceValue ?? '',
    distance: instance?.castellanEventInstanceDistance,
    state: instance?.castellanEventInstanceState,
    attention: isEnabled ? attentionOf(trigger, instance) : 'off',
    lastFired: dateOf(instance?.castellanEventInstanceLastFired)?.toISOString(),
    fired: instance?.castellanEventInstanceFired ?? 0,
    sampled: sampled?.toISOString(),
    ageSeconds: sampled && Math.max(0, Math.round((nowMs - sampled.getTime()) / 1000)),
    error: instance?.castellanEventInstanceLastError || trigger.castellanEventTriggerLastError || '',
  }
}

function attentionOf(trigger: TriggerRow, instance: InstanceRow | undefined): Attention {
  if (!instance) return trigger.castellanEventTriggerLastError ? 'failed' : 'waiting'
  switch (instance.castellanEventInstanceState) {
    case 'failed':
      return 'failed'
    case 'rising':
      // Where nobody is told of what rises, the low side is the one that matters.
      return trigger.mteTriggerThresholdRisingEvent ? 'alarm' : 'armed'
    case 'falling':
      return trigger.mteTriggerThresholdRisingEvent ? 'armed' : 'alarm'
    case 'isTrue':
      return 'alarm'
    case 'absent':
      // Most objects that are not there were never there, such as the count of an answer that nobody got.
      return trigger.mteTriggerExistenceTest?.has('absent') && trigger.mteTriggerTest?.has('existence')
        ? 'alarm'
        : 'waiting'
    case 'unknown':
      return 'waiting'
    default:
      return 'armed'
  }
}

/** The distance as a part of the way between the thresholds, or of the value that is compared with. */
function nearness({ distance, rising, falling, compared }: WatchedInstance): number {
  if (distance === undefined) return Number.MAX_VALUE
  const way = rising !== undefined && falling !== undefined ? rising - falling : (compared ?? 0)
  return Math.abs(distance) / Math.max(1, Math.abs(way))
}

function dateOf(date: Date | 'never' | undefined): Date | undefined {
  return date instanceof Date ? date : undefined
}
