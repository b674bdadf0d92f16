/** The event module: ties DISMAN-EVENT-MIB to triggers that sample the agent they run in. */

import type { RowOf } from '../../lib/mib/declare.ts'
import { anyServing, type MibModule, type ModuleHost, type Refusal, serve } from '../../lib/mib/module.ts'
import { maxSubIdentifiers, oid } from '../../lib/smi/oid.ts'
import type { Principal } from '../../lib/smi/principal.ts'
import type { SnmpValue } from '../../lib/smi/value.ts'
import { truncateUtf8 } from '../../lib/text/text.ts'
import { Events } from './firing.ts'
import { distanceOf, type Instance, shownValue, wordOf } from './instance.ts'
import { Memory } from './memory.ts'
import {
  castellanEventInstanceTable,
  mteEvent,
  mteEventSetFailure,
  mteEventTable,
  mteObjectsTable,
  mteResource,
  mteTrigger,
  mteTriggerFailure,
  mteTriggerFalling,
  mteTriggerFired,
  mteTriggerRising,
  mteTriggerTable,
} from './mib.ts'
import { Pace } from './pace.ts'
import { Resources } from './resources.ts'
import { isSampled, keyOf, type Pointer, type TriggerRow } from './rows.ts'
import { eventRules, type KnownObjects } from './rules.ts'
import { Recorder } from './samples/recorder.ts'
import { Trigger } from './trigger.ts'

type InstanceRow = RowOf<typeof castellanEventInstanceTable>

/** Subagents need a moment after a start: until they are there, what they serve seems absent. */
const settlingMs = 5000

export interface EventOptions {
  /** Told how long each slice of the sampling took, in milliseconds. */
  readonly onSlice?: (tookMs: number) => void
  /** The ring file that keeps what is sampled, for who tries other thresholds. */
  readonly samplesPath?: string
  /** Where it is kept which alarms were raised, over a restart. */
  readonly alarmsPath?: string
  /** What files are checked against; without it they are not. */
  readonly known?: KnownObjects
}

/** Needs a host that has a LocalAgent: it lives in the master's process. */
export function eventModule({ onSlice, samplesPath, alarmsPath, known }: EventOptions = {}) {
  const triggers = new Map<string, Trigger>()
  let running:
    | {
        readonly host: ModuleHost
        readonly pace: Pace
        readonly events: Events
        readonly memory: Memory
        readonly recorder?: Recorder
      }
    | undefined
  let triggerFailures = 0
  const resources = new Resources(() => limits.table.get({})?.mteResourceSampleInstanceMaximum ?? 0)
  const of = (row: Pick<TriggerRow, 'mteOwner' | 'mteTriggerName'>): Trigger | undefined => triggers.get(keyOf(row))
  const show = (instance: Instance) => (value: SnmpValue) =>
    running?.host.localAgent?.formatValue(instance.oid, value) ?? ''

  const limits = serve(mteResource, {
    live: {
      mteResourceSampleInstances: () => resources.instances,
      mteResourceSampleInstancesHigh: () => resources.high,
      mteResourceSampleInstanceLacks: () => resources.lacks,
    },
  })
  limits.table.put({ mteResourceSampleMinimum: 1, mteResourceSampleInstanceMaximum: 0 })
  const triggerCounters = serve(mteTrigger, { live: { mteTriggerFailures: () => triggerFailures } })
  triggerCounters.table.put({})
  const eventCounters = serve(mteEvent, { live: { mteEventFailures: () => running?.events.failures ?? 0 } })
  eventCounters.table.put({})

  const triggerRows = serve(mteTriggerTable, {
    live: {
      castellanEventTriggerLastError: (row) => truncateUtf8(of(row)?.lastError ?? '', 1024),
      castellanEventTriggerFailures: (row) => of(row)?.failures ?? 0,
      castellanEventTriggerInstances: (row) => of(row)?.instanceCount ?? 0,
    },
    // mteTriggerTargetTag: the rights are those of who set mteTriggerEntryStatus to active.
    derive({ before, after, wishes, requester }) {
      const wish = wishes.mteTriggerEntryStatus
      const isActivated = before?.mteTriggerEntryStatus !== 'active' && (wish === 'active' || wish === 'createAndGo')
      return requester && isActivated ? { ...after, ...principalColumnsOf(requester) } : after
    },
    test({ before, after, wishes }) {
      const refused = refuseChange(before?.mteTriggerEntryStatus, after, wishes, {
        status: 'mteTriggerEntryStatus',
        enabled: 'mteTriggerEnabled',
      })
      if (refused || !after) return refused
      const isTooOften = after.mteTriggerFrequency < limits.table.get({})!.mteResourceSampleMinimum
      const isAsked = wishes.mteTriggerFrequency !== undefined || before === undefined
      return isTooOften && isAsked ? { status: 'inconsistentValue', column: 'mteTriggerFrequency' } : undefined
    },
    commit: ({ before, after }) => ({
      finish: () => {
        if (after) configure(after)
        else if (before) {
          remove(keyOf(before))
          running?.memory.drop(before)
        }
      },
    }),
  })
  const objectRows = serve(mteObjectsTable, {
    test: ({ before, after, wishes }) =>
      refuseChange(before?.mteObjectsEntryStatus, after, wishes, { status: 'mteObjectsEntryStatus' }),
  })
  const eventRows = serve(mteEventTable, {
    test: ({ before, after, wishes }) =>
      refuseChange(before?.mteEventEntryStatus, after, wishes, {
        status: 'mteEventEntryStatus',
        enabled: 'mteEventEnabled',
      }),
  })

  const find = (row: InstanceRow): { trigger: Trigger; instance: Instance } | undefined => {
    const trigger = of(row)
    const instance = trigger?.find(row.castellanEventInstanceOID)
    return trigger && instance && { trigger, instance }
  }
  const instanceRows = serve(castellanEventInstanceTable, {
    live: {
      castellanEventInstanceValue: (row) => {
        const found = find(row)
        return found ? truncateUtf8(shownValue(found.instance, found.trigger.tests, show(found.instance)), 1024) : ''
      },
      castellanEventInstanceDistance: (row) => {
        const found = find(row)
        return found && distanceOf(found.instance, found.trigger.tests)
      },
      castellanEventInstanceState: (row) => {
        const found = find(row)
        return found ? wordOf(found.instance, found.trigger.tests) : 'unknown'
      },
      castellanEventInstanceSampled: (row) => dateOf(find(row)?.instance.sampledMs),
      castellanEventInstanceFired: (row) => find(row)?.instance.fired ?? 0,
      castellanEventInstanceLastFired: (row) => dateOf(find(row)?.instance.lastFiredMs),
      castellanEventInstanceLastError: (row) => truncateUtf8(find(row)?.instance.error ?? '', 1024),
    },
  })

  const configure = (row: TriggerRow, firstMs = 0): void => {
    if (!running) return
    const { host, pace, events, memory, recorder } = running
    const key = keyOf(row)
    const present = triggers.get(key)
    const isOn = isSampled(row)
    if (present?.isFor(row)) {
      if (isOn === isSampled(present.row)) return
      present.resume(row)
      if (isOn) pace.add(present, firstMs)
      else pace.remove(present)
      return
    }
    remove(key)
    if (row.mteTriggerEntryStatus !== 'active') return
    const trigger = new Trigger(row, {
      agent: host.localAgent!,
      events,
      resources,
      memory,
      clock: host.clock,
      log: host.log,
      upTimeTicks: () => host.upTimeTicks(),
      failed: () => {
        triggerFailures = (triggerFailures + 1) >>> 0
      },
      changed: (one, instance, event) => {
        const shown = rowOf(one, instance)
        if (!shown) return
        if (event === 'came') instanceRows.table.put(shown)
        else instanceRows.table.delete(shown)
      },
      ...(recorder ? { sampled: (one, instance, sample) => recorder.take(one.row, instance, sample) } : {}),
    })
    triggers.set(key, trigger)
    if (isOn) pace.add(trigger, firstMs)
  }
  const remove = (key: string): void => {
    const trigger = triggers.get(key)
    if (!trigger) return
    running?.pace.remove(trigger)
    triggers.delete(key)
    trigger.stop()
  }

  const module: MibModule = {
    name: 'event',
    description: 'DISMAN-EVENT-MIB: thresholds that speak up (RFC 2981)',
    oid: oid('1.3.6.1.2.1.88'),
    tables: [limits, triggerCounters, eventCounters, triggerRows, objectRows, eventRows, instanceRows].map(anyServing),
    notifications: [mteTriggerFired, mteTriggerRising, mteTriggerFalling, mteTriggerFailure, mteEventSetFailure],
    async start(host) {
      const { localAgent: agent, clock } = host
      if (!agent) throw new Error('the event module samples objects of the agent, and so runs in no other process')
      const context = {
        event: ({ owner, name }: Pointer) => eventRows.table.get({ mteOwner: owner, mteEventName: name }),
        *objects({ owner, name }: Pointer) {
          for (const row of objectRows.table.rows())
            if (row.mteOwner === owner && row.mteObjectsName === name) yield row
        },
      }
      const memory = await Memory.load({ path: alarmsPath, clock, log: host.log })
      const recorder = samplesPath === undefined ? undefined : new Recorder(samplesPath, host)
      running = {
        host,
        pace: new Pace({ clock, log: host.log, onSlice }),
        events: new Events({ agent, context }),
        memory,
        ...(recorder ? { recorder } : {}),
      }
      for (const row of triggerRows.table.rows()) configure(row, settlingMs)
      memory.keepOnly(new Set([...triggerRows.table.rows()].map(keyOf)))
    },
    async stop() {
      running?.pace.stop()
      for (const key of [...triggers.keys()]) remove(key)
      const { memory, recorder } = running ?? {}
      running = undefined
      await memory?.stop()
      await recorder?.stop()
    },
  }
  const checks = known ? eventRules(known) : []
  return { module, configured: [limits, triggerRows, objectRows, eventRows].map(anyServing), checks }
}

/**
 * "Once made active an entry may not be modified except to delete it", which goes for the tables that depend on it too; what
 * switches it on and off is left to operators.
 */
function refuseChange(
  status: string | undefined,
  after: object | undefined,
  wishes: Readonly<Record<string, unknown>>,
  columns: { readonly status: string; readonly enabled?: string },
): Refusal | undefined {
  if (status !== 'active' || !after) return undefined
  const changed = Object.keys(wishes).find((name) => {
    if (name === columns.enabled) return false
    return name !== columns.status || wishes[name] !== 'active'
  })
  return changed === undefined ? undefined : { status: 'inconsistentValue', column: changed }
}

function principalColumnsOf({ securityModel, securityName, securityLevel }: Principal) {
  return {
    castellanEventTriggerSecurityModel: securityModel,
    castellanEventTriggerSecurityName: securityName,
    castellanEventTriggerSecurityLevel: securityLevel,
  }
}

/** The index of an instance's row; none where its name would be too long (RFC 2578 §3.5). */
function rowOf({ row }: Trigger, { oid: name }: Instance): InstanceRow | undefined {
  const { mteOwner, mteTriggerName } = row
  const length = columnLength + 2 + Buffer.byteLength(mteOwner) + Buffer.byteLength(mteTriggerName) + name.length
  return length > maxSubIdentifiers ? undefined : { mteOwner, mteTriggerName, castellanEventInstanceOID: name }
}

const columnLength = castellanEventInstanceTable.entry.length + 1

function dateOf(timeMs: number | undefined): Date | 'never' {
  return timeMs === undefined ? 'never' : new Date(timeMs)
}
