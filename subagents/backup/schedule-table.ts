/** drsScheduleTable over a scheduler, and the features that each schedule names. */
import { type Recurrence, scheduleOf } from '../../lib/backup/recurrence.ts'
import { isDrsName, mostSchedules } from '../../lib/backup/settings.ts'
import type { ChangesOf, RowOf } from '../../lib/mib/declare.ts'
import { type Change, type Refusal, serve } from '../../lib/mib/module.ts'
import type { ScheduleState } from '../../lib/schedule/schedule.ts'
import type { Scheduler } from '../../lib/schedule/scheduler.ts'
import { truncateUtf8 } from '../../lib/text/text.ts'
import { machineZone } from '../../lib/time/zone.ts'
import { rowsBeside, whatChanged } from './beside.ts'
import { dateOf } from './dates.ts'
import { drsScheduleFeatureTable, drsScheduleTable, weekDays } from './mib.ts'

export type ScheduleRow = RowOf<typeof drsScheduleTable>
type ScheduleChange = Change<ScheduleRow, ChangesOf<typeof drsScheduleTable>>
type ScheduleResult = NonNullable<ChangesOf<typeof drsScheduleTable>['drsScheduleLastResult']>

/** DRS calls it the default schedule: its name stays, and so does the row. */
export const defaultScheduleIndex = 1

export interface ScheduleEvents {
  /** drsScheduleRunNow; false where another job runs. */
  mayRun(): boolean
  runNow(row: ScheduleRow): void
  hasDevice(index: number): boolean
  /** Of the last job that the schedule started. */
  lastResult(index: number): ScheduleResult
  /** `what` such as `added` or `changed: drsScheduleStart`. */
  changed(row: ScheduleRow, what: string): void
}

export class ScheduleTable {
  readonly served
  readonly features = serve(drsScheduleFeatureTable, {})
  readonly #events: ScheduleEvents
  #scheduler: Scheduler | undefined

  constructor(events: ScheduleEvents) {
    this.#events = events
    const stateOf = (row: ScheduleRow) => this.#scheduler?.find(keyOf(row))
    this.served = serve(drsScheduleTable, {
      live: {
        drsScheduleNextRun: (row) => dateOf(stateOf(row)?.nextMs),
        drsScheduleLastRun: (row) => dateOf(stateOf(row)?.lastMs),
        drsScheduleLastResult: (row) => events.lastResult(row.drsScheduleIndex),
        drsScheduleMissed: (row) => (stateOf(row)?.missed ?? 0) >>> 0,
        drsScheduleError: (row) => truncateUtf8(stateOf(row)?.lastError ?? '', 255),
      },
      test: (change) => this.#test(change),
      commit: (change) => ({ finish: () => this.#apply(change) }),
    })
  }

  /** Rows configure this scheduler from now on; without one they show that nothing runs. */
  use(scheduler: Scheduler | undefined): void {
    this.#scheduler = scheduler
    for (const row of this.served.table.rows()) this.#configure(row, false)
  }

  /** In ascending order. */
  get indexes(): number[] {
    return [...this.served.table.rows()].map(({ drsScheduleIndex }) => drsScheduleIndex)
  }

  /** Undefined for a row that went meanwhile. */
  rowOf({ schedule: { key } }: ScheduleState): ScheduleRow | undefined {
    return this.served.table.get({ drsScheduleIndex: Number(key) })
  }

  names(device: number): boolean {
    return [...this.served.table.rows()].some(({ drsScheduleDevice }) => drsScheduleDevice === device)
  }

  /** Indexes of the features that a schedule names. */
  featuresOf(index: number): number[] {
    return [...this.features.table.rows()].flatMap((row) =>
      row.drsScheduleIndex === index && row.drsScheduleFeatureRowStatus === 'active' ? [row.drsFeatureIndex] : [],
    )
  }

  #test({ before, after, changes, alongside }: ScheduleChange): Refusal | undefined {
    const refuse = (status: Refusal['status'], column: keyof ScheduleRow & string): Refusal => ({ status, column })
    const isDefault = before?.drsScheduleIndex === defaultScheduleIndex
    if (!after) return isDefault ? refuse('inconsistentValue', 'drsScheduleRowStatus') : undefined
    if (!isDrsName(after.drsScheduleName)) return refuse('wrongValue', 'drsScheduleName')
    if (isDefault && after.drsScheduleName !== before.drsScheduleName)
      return refuse('inconsistentValue', 'drsScheduleName')
    const others = rowsBeside(this.served.table.rows(), { row: after, alongside }, (one) => one.drsScheduleIndex)
    if (others.some((one) => one.drsScheduleName === after.drsScheduleName))
      return refuse('inconsistentValue', 'drsScheduleName')
    if (!before && others.length >= mostSchedules) return refuse('resourceUnavailable', 'drsScheduleRowStatus')
    if (after.drsScheduleRowStatus !== 'active') return undefined
    const needsDevice = after.drsScheduleAdminStatus === 'enabled' || changes.drsScheduleRunNow === 'run'
    if (needsDevice && !this.#events.hasDevice(after.drsScheduleDevice))
      return refuse('inconsistentValue', 'drsScheduleDevice')
    if (after.drsScheduleAdminStatus === 'enabled' && after.drsScheduleStart === 'never')
      return refuse('inconsistentValue', 'drsScheduleStart')
    if (changes.drsScheduleRunNow === 'run' && !this.#events.mayRun())
      return refuse('inconsistentValue', 'drsScheduleRunNow')
    return undefined
  }

  #apply({ before, after, changes }: ScheduleChange): void {
    const shown = after ?? before
    if (shown) this.#events.changed(shown, whatChanged({ before, after, changes }))
    if (!after) {
      if (!before) return
      this.#scheduler?.remove(keyOf(before))
      for (const drsFeatureIndex of this.featuresOf(before.drsScheduleIndex))
        this.features.table.delete({ drsScheduleIndex: before.drsScheduleIndex, drsFeatureIndex })
      return
    }
    this.#configure(after, changes.drsScheduleAdminStatus === 'enabled')
    if (changes.drsScheduleRunNow === 'run') this.#events.runNow(after)
  }

  #configure(row: ScheduleRow, isRenewed: boolean): void {
    const recurrence = recurrenceOf(row)
    if (!recurrence) return this.#scheduler?.remove(keyOf(row))
    const isEnabled = row.drsScheduleRowStatus === 'active' && row.drsScheduleAdminStatus === 'enabled'
    const isKept = row.drsScheduleStorageType !== 'volatile' && row.drsScheduleStorageType !== 'other'
    this.#scheduler?.configure(scheduleOf(keyOf(row), recurrence, isKept, machineZone), isEnabled, isRenewed)
  }
}

/** Undefined without a start. */
export function recurrenceOf(
  row: Pick<ScheduleRow, 'drsScheduleStart' | 'drsScheduleFrequency' | 'drsScheduleWeekDays' | 'drsScheduleWhenMissed'>,
): Recurrence | undefined {
  if (row.drsScheduleStart === 'never') return undefined
  return {
    startMs: row.drsScheduleStart.getTime(),
    frequency: row.drsScheduleFrequency,
    weekDays: new Set([...row.drsScheduleWeekDays].map((day) => weekDays[day])),
    runsLate: row.drsScheduleWhenMissed === 'runLate',
  }
}

const keyOf = ({ drsScheduleIndex }: Pick<ScheduleRow, 'drsScheduleIndex'>): string => String(drsScheduleIndex)
