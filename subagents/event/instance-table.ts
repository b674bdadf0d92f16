/** castellanEventInstanceTable: where each sampled instance stands. */
import type { RowOf } from '../../lib/mib/declare.ts'
import type { LocalAgent } from '../../lib/mib/local-agent.ts'
import { serve } from '../../lib/mib/module.ts'
import { maxSubIdentifiers } from '../../lib/smi/oid.ts'
import { truncateUtf8 } from '../../lib/text/text.ts'
import { distanceOf, type Instance, shownValue, wordOf } from './instance.ts'
import { castellanEventInstanceTable } from './mib.ts'
import type { TriggerIndex } from './rows.ts'
import type { Trigger } from './trigger.ts'
import type { Triggers } from './triggers.ts'

type InstanceRow = RowOf<typeof castellanEventInstanceTable>

interface Found {
  readonly instance: Instance
  readonly trigger: Trigger
  readonly agent: LocalAgent
}

export class InstanceTable {
  readonly served
  #triggers: Triggers | undefined
  #agent: LocalAgent | undefined

  constructor() {
    const instanceOf = (row: InstanceRow): Instance | undefined => this.#find(row)?.instance
    this.served = serve(castellanEventInstanceTable, {
      live: {
        castellanEventInstanceValue: (row) => truncateUtf8(shownOf(this.#find(row)), 1024),
        castellanEventInstanceDistance: (row) => {
          const found = this.#find(row)
          return found && distanceOf(found.instance, found.trigger.tests)
        },
        castellanEventInstanceState: (row) => {
          const found = this.#find(row)
          return found ? wordOf(found.instance, found.trigger.tests) : 'unknown'
        },
        castellanEventInstanceSampled: (row) => dateOf(instanceOf(row)?.sampledMs),
        castellanEventInstanceFired: (row) => instanceOf(row)?.fired ?? 0,
        castellanEventInstanceLastFired: (row) => dateOf(instanceOf(row)?.lastFiredMs),
        castellanEventInstanceLastError: (row) => truncateUtf8(instanceOf(row)?.error ?? '', 1024),
      },
    })
  }

  /** Shows instances of these triggers from now on, with their values as this agent formats them. */
  use(triggers: Triggers | undefined, agent: LocalAgent | undefined): void {
    this.#triggers = triggers
    this.#agent = agent
  }

  /** An instance comes, or goes. */
  change(trigger: Trigger, instance: Instance, event: 'came' | 'went'): void {
    const row = rowOf(trigger.row, instance)
    if (!row) return
    if (event === 'came') this.served.table.put(row)
    else this.served.table.delete(row)
  }

  #find(row: InstanceRow): Found | undefined {
    const trigger = this.#triggers?.find(row)
    const instance = trigger?.find(row.castellanEventInstanceOID)
    return trigger && instance && this.#agent && { trigger, instance, agent: this.#agent }
  }
}

function shownOf(found: Found | undefined): string {
  if (!found) return ''
  const { instance, trigger, agent } = found
  return shownValue(instance, trigger.tests, (value) => agent.formatValue(instance.oid, value))
}

/** The index of an instance's row; none where its name would be too long (RFC 2578 §3.5). */
function rowOf({ mteOwner, mteTriggerName }: TriggerIndex, { oid: name }: Instance): InstanceRow | undefined {
  const length = columnLength + 2 + Buffer.byteLength(mteOwner) + Buffer.byteLength(mteTriggerName) + name.length
  return length > maxSubIdentifiers ? undefined : { mteOwner, mteTriggerName, castellanEventInstanceOID: name }
}

const columnLength = castellanEventInstanceTable.entry.length + 1

function dateOf(timeMs: number | undefined): Date | 'never' {
  return timeMs === undefined ? 'never' : new Date(timeMs)
}
