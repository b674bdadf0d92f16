/** castellan events list: every trigger with its instances, how far they are from a threshold, what needs attention first. */

import { declaredNames } from '../catalogue.ts'
import { type Cell, formatTable } from '../lib/cli/table.ts'
import type { Home } from '../lib/home/home.ts'
import { type WalkedRow, walkTable } from '../lib/mib/table-walk.ts'
import { formatOid } from '../lib/smi/oid.ts'
import { castellanEventInstanceTable, mteTriggerTable } from '../subagents/event/mib.ts'
import { nameOf } from '../subagents/event/rows.ts'
import { type Need, withManager } from './ask-agent.ts'
import { green, grey, red, testsText, yellow } from './events-words.ts'

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

const need: Need = {
  access: 'read',
  oid: castellanEventInstanceTable.columns.castellanEventInstanceState.oid,
  otherwise: 'use getmany -v3 -u USER with castellanEventInstanceTable',
}

/** Throws when the agent does not answer. */
export async function listEvents(home: Home, nowMs = Date.now()): Promise<WatchedInstance[]> {
  const [triggers, instances] = await withManager(home, need, async (manager) => [
    await walkTable(manager, mteTriggerTable),
    await walkTable(manager, castellanEventInstanceTable),
  ])
  return watchedOf(triggers, instances, nowMs)
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

/** `width` is that of the terminal unless a test says otherwise. */
export function formatEvents(watched: readonly WatchedInstance[], isColoured: boolean, width?: number): string {
  if (watched.length === 0) return 'there are no triggers; eventagt.cnf has room for them\n'
  const rows = watched.map((one): Cell[] => [
    { text: nameOf({ mteOwner: one.owner, mteTriggerName: one.name }) },
    { text: one.object },
    { text: one.value, align: 'right' },
    { text: one.limits },
    { text: distanceText(one) },
    { text: stateText(one), colour: colours[one.attention] },
    { text: ageText(one) },
  ])
  return formatTable(rows, { isColoured, ...(width === undefined ? {} : { width }) })
}

const colours: Readonly<Record<Attention, number>> = {
  failed: red,
  alarm: red,
  waiting: yellow,
  armed: green,
  off: grey,
}

/** Such as `12 below 75`; once it rose, how far it is above where that is over. */
function distanceText({ distance, state, rising, falling, compared }: WatchedInstance): string {
  if (distance === undefined) return ''
  const isOver = state === 'rising'
  const target = rising === undefined ? compared : isOver ? falling : rising
  const below = rising !== undefined && isOver ? -distance : distance
  if (target === undefined) return ''
  if (below === 0) return `at ${target}`
  return below > 0 ? `${below} below ${target}` : `${-below} above ${target}`
}

function stateText({ attention, state, lastFired, error, isEnabled, isWildcard }: WatchedInstance): string {
  const since = lastFired === undefined ? '' : ` since ${lastFired.replace(/\.\d+Z$/, 'Z')}`
  if (!isEnabled) return 'off'
  if (attention === 'failed') return `failed: ${error}`
  switch (state) {
    case 'rising':
      return `above${since}`
    case 'falling':
      return attention === 'alarm' ? `below${since}` : 'armed'
    case 'isTrue':
      return `true${since}`
    case 'absent':
      return 'not there'
    case 'unknown':
      return 'too few samples yet'
    case 'present':
      return 'there'
    case undefined:
      return isWildcard ? 'no instance' : 'not sampled yet'
    default:
      return 'armed'
  }
}

function ageText({ ageSeconds, isEnabled }: WatchedInstance): string {
  return ageSeconds === undefined || !isEnabled ? '' : `${ageSeconds} s ago`
}

function dateOf(date: Date | 'never' | undefined): Date | undefined {
  return date instanceof Date ? date : undefined
}
