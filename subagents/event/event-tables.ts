/** The tables of the event module, and what triggers find in them when they fire. */
import type { LocalAgent } from '../../lib/mib/local-agent.ts'
import { anyServing, type Serving, serve } from '../../lib/mib/module.ts'
import { SingleRow } from '../../lib/mib/single-row.ts'
import type { Context } from './firing.ts'
import { InstanceTable } from './instance-table.ts'
import { mteEvent, mteEventTable, mteObjectsTable, mteResource, mteTrigger } from './mib.ts'
import { refuseChange } from './refuse-change.ts'
import { Resources } from './resources.ts'
import { TriggerTable } from './trigger-table.ts'
import type { Triggers } from './triggers.ts'

export class EventTables {
  readonly triggers: TriggerTable
  readonly instances = new InstanceTable()
  /** Bounded by mteResourceSampleInstanceMaximum. */
  readonly resources: Resources
  readonly #limits
  readonly #triggerCounters
  readonly #eventCounters
  readonly #objects
  readonly #events
  #running: Triggers | undefined
  #triggerFailures = 0

  constructor() {
    this.#limits = new SingleRow(
      mteResource,
      { mteResourceSampleMinimum: 1, mteResourceSampleInstanceMaximum: 0 },
      {
        live: {
          mteResourceSampleInstances: () => this.resources.instances,
          mteResourceSampleInstancesHigh: () => this.resources.high,
          mteResourceSampleInstanceLacks: () => this.resources.lacks,
        },
      },
    )
    this.resources = new Resources(() => this.#limits.values.mteResourceSampleInstanceMaximum)
    this.triggers = new TriggerTable(() => this.#limits.values.mteResourceSampleMinimum)
    this.#triggerCounters = new SingleRow(mteTrigger, {}, { live: { mteTriggerFailures: () => this.#triggerFailures } })
    this.#eventCounters = new SingleRow(
      mteEvent,
      {},
      { live: { mteEventFailures: () => this.#running?.eventFailures ?? 0 } },
    )
    this.#objects = serve(mteObjectsTable, {
      test: ({ before, after, changes }) =>
        refuseChange(before?.mteObjectsEntryStatus, after, changes, { status: 'mteObjectsEntryStatus' }),
    })
    this.#events = serve(mteEventTable, {
      test: ({ before, after, changes }) =>
        refuseChange(before?.mteEventEntryStatus, after, changes, {
          status: 'mteEventEntryStatus',
          enabled: 'mteEventEnabled',
        }),
    })
  }

  get servings(): Serving[] {
    const counters = [this.#limits, this.#triggerCounters, this.#eventCounters]
    return [...counters, this.triggers.served, this.#objects, this.#events, this.instances.served].map(anyServing)
  }

  get configured(): Serving[] {
    return [this.#limits, this.triggers.served, this.#objects, this.#events].map(anyServing)
  }

  get context(): Context {
    const [events, objects] = [this.#events.table, this.#objects.table]
    return {
      event: ({ owner, name }) => events.get({ mteOwner: owner, mteEventName: name }),
      *objects({ owner, name }) {
        for (const row of objects.rows()) if (row.mteOwner === owner && row.mteObjectsName === name) yield row
      },
    }
  }

  /** Rows are those of these triggers from now on; of none once the module has stopped. */
  use(triggers: Triggers | undefined, agent?: LocalAgent): void {
    this.#running = triggers
    this.triggers.use(triggers)
    this.instances.use(triggers, agent)
  }

  /** mteTriggerFailures. */
  countTriggerFailure(): void {
    this.#triggerFailures = (this.#triggerFailures + 1) >>> 0
  }
}
