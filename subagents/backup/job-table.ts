/** drsJobTable and drsJobComponentTable: a new row starts a job, and shows how far it is. */
import type { JobRequest } from '../../lib/backup/job.ts'
import type { ChangesOf, RowOf } from '../../lib/mib/declare.ts'
import { type Change, type Refusal, serve } from '../../lib/mib/module.ts'
import { truncateUtf8 } from '../../lib/text/text.ts'
import { dateOf } from './dates.ts'
import { kBytes } from './device-table.ts'
import type { Job } from './jobs.ts'
import { drsJobComponentTable, drsJobTable } from './mib.ts'
import type { ComponentIndex } from './registrations.ts'

export type JobRow = RowOf<typeof drsJobTable>
type JobChange = Change<JobRow, ChangesOf<typeof drsJobTable>>

export interface JobEvents {
  /** Whether a new job may have this number. */
  mayBe(index: number): boolean
  /** False while a job runs. */
  mayStart(): boolean
  hasDevice(index: number): boolean
  /** Whether a feature of that name is there. */
  knows(feature: string): boolean
  isCurrent(index: number): boolean
  toStart(row: JobRow): void
  toCancel(index: number): void
  componentIndex(feature: string, component: string): ComponentIndex | undefined
  /** The row of that name; 0 where there is none any more. */
  deviceNamed(name: string): number
}

export class JobTable {
  readonly served
  readonly components = serve(drsJobComponentTable, {})
  readonly #events: JobEvents
  readonly #ofPeople = new Set<number>()

  constructor(events: JobEvents) {
    this.#events = events
    this.served = serve(drsJobTable, {
      test: (change) => this.#test(change),
      commit: (change) => ({ finish: () => this.#apply(change) }),
    })
  }

  /** While these are asked for by a person on this machine, their trigger is manual(1) and not snmp(3). */
  asks(jobs: readonly number[], isAsking: boolean): void {
    for (const job of jobs)
      if (isAsking) this.#ofPeople.add(job)
      else this.#ofPeople.delete(job)
  }

  get(drsJobIndex: number): JobRow | undefined {
    return this.served.table.get({ drsJobIndex })
  }

  /** 0 where there is no row. */
  get lastIndex(): number {
    return Math.max(0, ...[...this.served.table.rows()].map(({ drsJobIndex }) => drsJobIndex))
  }

  show(job: Job): void {
    const { request, status } = job
    const before = this.served.table.get({ drsJobIndex: request.job })
    const set = status?.set ?? ('set' in request ? (request.set ?? '') : '')
    this.served.table.put({
      drsJobIndex: request.job,
      drsJobType: request.type,
      drsJobTrigger: request.trigger,
      drsJobSchedule: request.schedule ?? 0,
      drsJobDevice: before?.drsJobDevice ?? this.#deviceOf(request),
      drsJobFileName: truncateUtf8(set === '' ? (before?.drsJobFileName ?? '') : set, 255),
      drsJobFeatures: truncateUtf8((status?.features ?? request.features).join(','), 1024),
      drsJobNodes: ('fromNode' in request ? request.fromNode : undefined) ?? request.node,
      drsJobStatus: job.state,
      drsJobResult: job.result,
      drsJobPercent: Math.max(0, Math.min(100, Math.floor(status?.percent ?? 0))),
      drsJobFeature: truncateUtf8(status?.feature ?? '', 64),
      drsJobComponent: truncateUtf8(status?.component ?? '', 64),
      drsJobStartTime: dateOf(status?.startedMs),
      drsJobEndTime: dateOf(job.endedMs),
      drsJobKBytes: kBytes(status?.octets ?? 0),
      drsJobLogFile: truncateUtf8(job.logPath, 1024),
      drsJobControl: 'none',
      drsJobRowStatus: 'active',
      drsJobAnyVersion: request.type === 'restore' && request.anyVersion,
      drsJobError: truncateUtf8(job.error, 1024),
    })
    this.#showComponents(job)
  }

  forget(drsJobIndex: number): void {
    this.served.table.delete({ drsJobIndex })
    for (const row of [...this.components.table.rows()])
      if (row.drsJobIndex === drsJobIndex) this.components.table.delete(row)
  }

  #deviceOf(request: JobRequest): number {
    return request.type === 'rollback' ? 0 : this.#events.deviceNamed(request.device.name)
  }

  #showComponents({ request: { job }, status }: Job): void {
    for (const { feature, component, state, percent, error } of status?.components ?? []) {
      const index = this.#events.componentIndex(feature, component)
      if (!index) continue
      this.components.table.put({
        drsJobIndex: job,
        drsFeatureIndex: index.drsFeatureIndex,
        drsComponentIndex: index.drsComponentIndex,
        drsJobComponentStatus: state,
        drsJobComponentPercent: Math.max(0, Math.min(100, Math.floor(percent))),
        drsJobComponentError: truncateUtf8(error, 255),
      })
    }
  }

  #test({ before, after, changes }: JobChange): Refusal | undefined {
    const refuse = (column: keyof JobRow & string): Refusal => ({ status: 'inconsistentValue', column })
    const wasActive = before?.drsJobRowStatus === 'active'
    if (!after) return wasActive && this.#events.isCurrent(before.drsJobIndex) ? refuse('drsJobRowStatus') : undefined
    if (wasActive) return this.#testActive(before, after, changes)
    if (changes.drsJobControl === 'cancel') return refuse('drsJobControl')
    if (!before && !this.#events.mayBe(after.drsJobIndex)) return refuse('drsJobRowStatus')
    return after.drsJobRowStatus === 'active' ? this.#testStart(after) : undefined
  }

  /** What was asked of a job stays as it was asked. */
  #testActive(before: JobRow, after: JobRow, changes: JobChange['changes']): Refusal | undefined {
    if (after.drsJobRowStatus !== 'active') return { status: 'inconsistentValue', column: 'drsJobRowStatus' }
    for (const column of requestColumns)
      if (before[column] !== after[column]) return { status: 'inconsistentValue', column }
    if (changes.drsJobControl === 'cancel' && !this.#events.isCurrent(before.drsJobIndex))
      return { status: 'inconsistentValue', column: 'drsJobControl' }
    return undefined
  }

  #testStart(row: JobRow): Refusal | undefined {
    const refuse = (column: keyof JobRow & string): Refusal => ({ status: 'inconsistentValue', column })
    if (row.drsJobType !== 'rollback' && !this.#events.hasDevice(row.drsJobDevice)) return refuse('drsJobDevice')
    const needsSet = row.drsJobType === 'restore' || row.drsJobType === 'verify'
    if (needsSet && row.drsJobFileName === '') return refuse('drsJobFileName')
    const isBackup = row.drsJobType === 'backup'
    if (isBackup && namesIn(row.drsJobFeatures).some((name) => !this.#events.knows(name)))
      return refuse('drsJobFeatures')
    return this.#events.mayStart() ? undefined : refuse('drsJobRowStatus')
  }

  #apply({ before, after, changes }: JobChange): void {
    if (!after) {
      if (before) this.forget(before.drsJobIndex)
      return
    }
    if (after.drsJobRowStatus !== 'active') return
    if (before?.drsJobRowStatus !== 'active')
      this.#events.toStart(this.#ofPeople.has(after.drsJobIndex) ? { ...after, drsJobTrigger: 'manual' } : after)
    else if (changes.drsJobControl === 'cancel') this.#events.toCancel(after.drsJobIndex)
  }
}

const requestColumns = [
  'drsJobType',
  'drsJobDevice',
  'drsJobFileName',
  'drsJobFeatures',
  'drsJobNodes',
  'drsJobAnyVersion',
] as const satisfies readonly (keyof JobRow)[]

/** Of a column that separates them by commas; in upper case, as features are. */
export function namesIn(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim().toUpperCase())
    .filter((name) => name !== '')
}
