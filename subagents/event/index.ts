/** The event module: ties DISMAN-EVENT-MIB to triggers that sample the agent they run in. */
import type { MibModule } from '../../lib/mib/module.ts'
import { oid } from '../../lib/smi/oid.ts'
import { EventTables } from './event-tables.ts'
import { Memory } from './memory.ts'
import { mteEventSetFailure, mteTriggerFailure, mteTriggerFalling, mteTriggerFired, mteTriggerRising } from './mib.ts'
import { Recorder } from './recorder.ts'
import { keyOf } from './rows.ts'
import { eventRules, type KnownObjects } from './rules.ts'
import { Triggers } from './triggers.ts'

/** Subagents need a moment after a start: until they are there, what they serve seems absent. */
const settlingMs = 5000

export interface EventOptions {
  /** Called with the time that each slice of the sampling took, in milliseconds. */
  readonly onSlice?: (tookMs: number) => void
  /** The ring file that keeps what is sampled, for trying other thresholds. */
  readonly samplesPath?: string
  /** Where it is kept which alarms were raised, over a restart. */
  readonly alarmsPath?: string
  /** What files are checked against; without it they are not. */
  readonly known?: KnownObjects
}

/** Needs a host that has a LocalAgent: it lives in the master's process. */
export function eventModule({ onSlice, samplesPath, alarmsPath, known }: EventOptions = {}) {
  const tables = new EventTables()
  let triggers: Triggers | undefined
  const module: MibModule = {
    name: 'event',
    description: 'DISMAN-EVENT-MIB: thresholds that speak up (RFC 2981)',
    oid: oid('1.3.6.1.2.1.88'),
    tables: tables.servings,
    notifications: [mteTriggerFired, mteTriggerRising, mteTriggerFalling, mteTriggerFailure, mteEventSetFailure],
    async start(host) {
      const { localAgent: agent, clock, log } = host
      if (!agent) throw new Error('the event module samples objects of the agent, and so runs in no other process')
      const memory = await Memory.load({ path: alarmsPath, clock, log })
      triggers = new Triggers({
        agent,
        clock,
        log,
        context: tables.context,
        resources: tables.resources,
        memory,
        recorder: samplesPath === undefined ? undefined : new Recorder(samplesPath, host),
        onSlice,
        upTimeTicks: () => host.upTimeTicks(),
        failed: () => tables.countTriggerFailure(),
        changed: (trigger, instance, event) => tables.instances.change(trigger, instance, event),
      })
      tables.use(triggers, agent)
      const rows = [...tables.triggers.served.table.rows()]
      for (const row of rows) triggers.configure(row, settlingMs)
      memory.keepOnly(new Set(rows.map(keyOf)))
    },
    async stop() {
      const ending = triggers
      triggers = undefined
      tables.use(undefined)
      await ending?.stop()
    },
  }
  return { module, configured: tables.configured, checks: known ? eventRules(known) : [] }
}
