/** The status of a job, in a file that is replaced as the job goes on. */
import type { AlarmId, ComponentProgress, JobAlarm, JobResult, JobStatus, NodeProgress } from '../../lib/backup/job.ts'
import { statusPathOf } from '../../lib/backup/job-folder.ts'
import { writeFileAtomic, writeFileWhole } from '../../lib/files/files.ts'
import { thisProcess } from '../../lib/proc/process.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import type { Progress, ReportLog } from '../archive/report.ts'

/** People watch it; whoever waits for a sign of life waits for longer. */
const writtenEveryMs = 1000

export class StatusFile implements Progress {
  readonly #path: string
  readonly #clock: Clock
  readonly #log: ReportLog
  readonly #timer: Timer
  #status: JobStatus
  #components: ComponentProgress[] = []
  #nodes: NodeProgress[] = []
  #own: string | undefined
  #totalOctets = 0
  #doneOctets = 0
  #writing: Promise<void> = Promise.resolve()

  constructor(folder: string, job: number, clock: Clock, log: ReportLog) {
    this.#path = statusPathOf(folder)
    this.#clock = clock
    this.#log = log
    const { pid, startTicks } = thisProcess()
    this.#status = {
      ...{ job, pid, startTicks: String(startTicks), state: 'running', result: 'none', percent: 0 },
      ...{ feature: '', component: '', startedMs: clock.now(), writtenMs: clock.now(), octets: 0, set: '' },
      ...{ features: [], components: [], alarms: [], error: '' },
    }
    this.#timer = clock.every(writtenEveryMs, () => this.#write())
  }

  get current(): JobStatus {
    return this.#status
  }

  patch(changes: Partial<Pick<JobStatus, 'state' | 'set' | 'features' | 'part'>>): void {
    this.#status = { ...this.#status, ...changes }
  }

  expect(components: readonly Pick<ComponentProgress, 'feature' | 'component'>[], totalOctets: number): void {
    this.#components = components.map((one) => ({ ...one, state: 'waiting', percent: 0, error: '' }))
    this.#totalOctets = totalOctets
    this.#doneOctets = 0
  }

  /** Changes one component's progress; the first change of a component makes it the current one. */
  component(feature: string, component: string, progress: Partial<ComponentProgress>): void {
    this.#components = this.#components.map((one) =>
      one.feature === feature && one.component === component ? { ...one, ...progress } : one,
    )
    this.#status = { ...this.#status, feature, component }
  }

  /** `own` is this node, whose progress is that of the job. */
  expectNodes(own: string | undefined, others: readonly string[]): void {
    const plain = { percent: 0, component: '', error: '' }
    this.#nodes = [
      ...(own === undefined ? [] : [{ node: own, state: 'running' as const, ...plain }]),
      ...others.map((node) => ({ node, state: 'waiting' as const, ...plain })),
    ]
    this.#own = own
  }

  /** Nothing where the job has one node alone. */
  node(progress: NodeProgress): void {
    this.#nodes = this.#nodes.map((one) => (one.node === progress.node ? progress : one))
  }

  advance(octets: number): void {
    this.#doneOctets += octets
    // 100 is said at the end alone, for files grow while they are read.
    const percent = this.#totalOctets === 0 ? 0 : Math.min(99, Math.floor((100 * this.#doneOctets) / this.#totalOctets))
    if (percent > this.#status.percent) this.#status = { ...this.#status, percent }
  }

  transfer(octets: number): void {
    this.#status = { ...this.#status, octets: this.#status.octets + octets }
  }

  alarm(id: AlarmId, object: string, text: string): void {
    const alarm: JobAlarm = { id, object, text }
    this.#log.error(text)
    this.#status = { ...this.#status, alarms: [...this.#status.alarms, alarm] }
  }

  async end(result: JobResult, error = ''): Promise<void> {
    this.#timer.cancel()
    const percent = result === 'succeeded' || result === 'succeededWithWarnings' ? 100 : this.#status.percent
    const endedMs = this.#clock.now()
    const reason = error === '' ? this.#errorOfNodes() : error
    const state = result === 'canceled' ? 'canceled' : 'failed'
    this.#nodes = this.#nodes.map((one) => (isUnfinished(one) ? { ...one, state, error: reason } : one))
    this.#status = { ...this.#status, state: 'completed', result, error: reason, percent, endedMs }
    await this.#writing
    await writeFileAtomic(this.#path, this.#text())
  }

  /** Resolves when it is there for others. */
  async begin(): Promise<void> {
    this.#write()
    await this.#writing
  }

  #write(): void {
    this.#writing = this.#writing
      .then(() => writeFileWhole(this.#path, this.#text(), 0o600))
      .catch((error: unknown) => this.#log.error(`cannot write the status: ${String(error)}`))
  }

  #errorOfNodes(): string {
    const failed = this.#nodes.filter(({ error }) => error !== '')
    return failed.map(({ node, state, error }) => `${node}: ${state}: ${error}`).join('; ')
  }

  #withOwnProgress(progress: NodeProgress): NodeProgress {
    if (progress.node !== this.#own || progress.state !== 'running') return progress
    const { percent, feature, component } = this.#status
    return { ...progress, percent, component: `${feature} ${component}`.trim() }
  }

  #text(): string {
    const nodes = this.#nodes.length === 0 ? {} : { nodes: this.#nodes.map((one) => this.#withOwnProgress(one)) }
    this.#status = { ...this.#status, ...nodes, components: this.#components, writtenMs: this.#clock.now() }
    return `${JSON.stringify(this.#status, undefined, 1)}\n`
  }
}

const isUnfinished = ({ state }: NodeProgress): boolean => state === 'waiting' || state === 'running'
