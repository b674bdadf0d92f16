/** schedTable over a scheduler: what a SET does to schedules, and what each row shows of its own. */

import type { ChangesOf } from '../../lib/mib/declare.ts'
import { type Change, type Refusal, serve } from '../../lib/mib/module.ts'
import type { ScheduleState } from '../../lib/schedule/schedule.ts'
import type { Scheduler } from '../../lib/schedule/scheduler.ts'
import { schedTable } from './mib.ts'
import { actingColumns, indexOf, keyOf, principalColumnsOf, type SchedRow, scheduleOf } from './row.ts'

type SchedChange = Change<SchedRow, ChangesOf<typeof schedTable>>

export class ScheduleTable {
  readonly served
  #scheduler: Scheduler | undefined

  constructor() {
    const stateOf = (row: SchedRow) => this.#stateOf(row)
    this.served = serve(schedTable, {
      live: {
        schedOperStatus: (row) => stateOf(row)?.status ?? 'disabled',
        schedFailures: (row) => (stateOf(row)?.failures ?? 0) >>> 0,
        schedLastFailure: (row) => stateOf(row)?.lastFailure ?? 'noError',
        schedLastFailed: (row) => dateOf(stateOf(row)?.lastFailedMs),
        schedTriggers: (row) => (stateOf(row)?.triggers ?? 0) >>> 0,
        castellanSchedNextRun: (row) => dateOf(stateOf(row)?.nextMs),
        castellanSchedLastRun: (row) => dateOf(stateOf(row)?.lastMs),
        castellanSchedMissed: (row) => (stateOf(row)?.missed ?? 0) >>> 0,
        castellanSchedLastMissed: (row) => dateOf(stateOf(row)?.lastMissedMs),
        castellanSchedLastError: (row) => (stateOf(row)?.lastError ?? '').slice(0, 255),
      },
      // Who says what is set, or activates the row, lends it their rights: nobody can make it act with another's.
      derive({ after, changes, requester }) {
        const isOfActor = actingColumns.some((name) => name in changes)
        return requester && isOfActor ? { ...after, ...principalColumnsOf(requester) } : after
      },
      test: (change) => this.#test(change),
      commit: (change) => ({ finish: () => this.#apply(change) }),
    })
  }

  /** Rows configure this scheduler from now on, and show what it knows; without one they show that nothing runs. */
  use(scheduler: Scheduler | undefined): void {
    this.#scheduler = scheduler
    for (const row of this.served.table.rows()) this.#configure(row, false)
  }

  /** Undefined for a row that went meanwhile. */
  rowOf({ schedule: { key } }: ScheduleState): SchedRow | undefined {
    return this.served.table.get(indexOf(key))
  }

  #stateOf(row: SchedRow): ScheduleState | undefined {
    return this.#scheduler?.find(keyOf(row))
  }

  #test({ before, after }: SchedChange): Refusal | undefined {
    // schedRowStatus: neither destroy nor notInService while the operational state is enabled.
    const isDeactivated = before?.schedRowStatus === 'active' && after?.schedRowStatus !== 'active'
    return isDeactivated && this.#stateOf(before)?.status === 'enabled'
      ? { status: 'inconsistentValue', column: 'schedRowStatus' }
      : undefined
  }

  #apply({ before, after, changes }: SchedChange): void {
    if (after) {
      const isActivated = before?.schedRowStatus !== 'active' && after.schedRowStatus === 'active'
      this.#configure(after, isActivated || changes.schedAdminStatus === 'enabled')
    } else if (before) this.#scheduler?.remove(keyOf(before))
  }

  #configure(row: SchedRow, isRenewed: boolean): void {
    const isEnabled = row.schedRowStatus === 'active' && row.schedAdminStatus === 'enabled'
    this.#scheduler?.configure(scheduleOf(row), isEnabled, isRenewed)
  }
}

export function dateOf(timeMs: number | undefined): Date | 'never' {
  return timeMs === undefined ? 'never' : new Date(timeMs)
}
