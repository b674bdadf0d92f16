/** mteTriggerTable over triggers: what a SET does to them, and what each row shows of its own. */
import type { ChangesOf } from '../../lib/mib/declare.ts'
import { type Change, type Refusal, serve } from '../../lib/mib/module.ts'
import type { Principal } from '../../lib/smi/principal.ts'
import { truncateUtf8 } from '../../lib/text/text.ts'
import { mteTriggerTable } from './mib.ts'
import { refuseChange } from './refuse-change.ts'
import type { TriggerRow } from './rows.ts'
import type { Triggers } from './triggers.ts'

type TriggerChange = Change<TriggerRow, ChangesOf<typeof mteTriggerTable>>

export class TriggerTable {
  readonly served
  readonly #minimumSeconds: () => number
  #triggers: Triggers | undefined

  /** `minimumSeconds` gives mteResourceSampleMinimum. */
  constructor(minimumSeconds: () => number) {
    this.#minimumSeconds = minimumSeconds
    this.served = serve(mteTriggerTable, {
      live: {
        castellanEventTriggerLastError: (row) => truncateUtf8(this.#triggers?.find(row)?.lastError ?? '', 1024),
        castellanEventTriggerFailures: (row) => this.#triggers?.find(row)?.failures ?? 0,
        castellanEventTriggerInstances: (row) => this.#triggers?.find(row)?.instanceCount ?? 0,
      },
      derive: (change) => withRights(change),
      test: (change) => this.#test(change),
      commit: (change) => ({ finish: () => this.#apply(change) }),
    })
  }

  /** Rows are those of these triggers from now on; of none once the module has stopped. */
  use(triggers: Triggers | undefined): void {
    this.#triggers = triggers
  }

  #test({ before, after, changes }: TriggerChange): Refusal | undefined {
    const columns = { status: 'mteTriggerEntryStatus', enabled: 'mteTriggerEnabled' }
    const refused = refuseChange(before?.mteTriggerEntryStatus, after, changes, columns)
    if (refused || !after) return refused
    const isTooOften = after.mteTriggerFrequency < this.#minimumSeconds()
    const isAsked = changes.mteTriggerFrequency !== undefined || before === undefined
    return isTooOften && isAsked ? { status: 'inconsistentValue', column: 'mteTriggerFrequency' } : undefined
  }

  #apply({ before, after }: TriggerChange): void {
    if (after) this.#triggers?.configure(after)
    else if (before) this.#triggers?.remove(before)
  }
}

/** mteTriggerTargetTag: the rights are those of who set mteTriggerEntryStatus to active. */
function withRights({ before, after, changes, requester }: TriggerChange & { readonly after: TriggerRow }): TriggerRow {
  const status = changes.mteTriggerEntryStatus
  const isActivated = before?.mteTriggerEntryStatus !== 'active' && (status === 'active' || status === 'createAndGo')
  return requester && isActivated ? { ...after, ...principalColumnsOf(requester) } : after
}

function principalColumnsOf({ securityModel, securityName, securityLevel }: Principal) {
  return {
    castellanEventTriggerSecurityModel: securityModel,
    castellanEventTriggerSecurityName: securityName,
    castellanEventTriggerSecurityLevel: securityLevel,
  }
}
