/** Jobs that have ended: the last ones of each type, in a file and in drsHistoryTable. */
import type { JobRequest, JobResult, JobTrigger } from '../../lib/backup/job.ts'
import { writeFileAtomic } from '../../lib/files/files.ts'
import { brokenSentence, readState } from '../../lib/files/state-file.ts'
import { type Log, silentLog } from '../../lib/log/log.ts'
import { serve } from '../../lib/mib/module.ts'
import { truncateUtf8 } from '../../lib/text/text.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import { kBytes } from './device-table.ts'
import { drsHistoryTable } from './mib.ts'

export interface PastJob {
  readonly job: number
  readonly type: JobRequest['type']
  readonly set: string
  readonly device: string
  readonly completedMs: number
  readonly result: JobResult
  readonly features: readonly string[]
  readonly trigger: JobTrigger
  readonly schedule: number
  readonly seconds: number
  readonly octets: number
  readonly version: string
  readonly error: string
  /** Names, with the state of one that did not finish; what an earlier version kept has none. */
  readonly nodes?: readonly string[]
}

export const isGood = ({ result }: Pick<PastJob, 'result'>): boolean =>
  result === 'succeeded' || result === 'succeededWithWarnings'

/** A history that could not be written, as on a full disk, is tried again this often. */
const saveAgainMs = 10_000

export class History {
  readonly served = serve(drsHistoryTable, {})
  readonly #path: string
  #log: Log = silentLog
  #clock: Clock | undefined
  #savingAgain: Timer | undefined
  #saving: Promise<void> = Promise.resolve()
  /** The oldest first. */
  #jobs: readonly PastJob[] = []

  constructor(path: string) {
    this.#path = path
  }

  /** Reads what was kept; what goes wrong from here on is said in the log. */
  async load(log: Log, clock: Clock): Promise<void> {
    this.#log = log
    this.#clock = clock
    const found = await readState(this.#path, (text) => parseHistory(JSON.parse(text)))
    if (found.kind === 'broken')
      this.#log.error(`the history of backups begins again: ${brokenSentence(this.#path, found)}`)
    this.#show(found.kind === 'read' ? found.value : [])
  }

  /** What is not on the disk yet gets a last try. */
  async stop(): Promise<void> {
    this.#clock = undefined
    if (this.#savingAgain) await this.#save()
  }

  has(job: number): boolean {
    return this.#jobs.some((one) => one.job === job)
  }

  /** The last of a type; of those that went well where `good`. */
  last(type: PastJob['type'], { good = false } = {}): PastJob | undefined {
    return this.#jobs.findLast((one) => one.type === type && (!good || isGood(one)))
  }

  lastOf(schedule: number): PastJob | undefined {
    return this.#jobs.findLast((one) => one.schedule === schedule)
  }

  async add(job: PastJob, limit: number): Promise<void> {
    await this.#keep([...this.#jobs, job], limit)
  }

  /** What is over the limit of its type goes. */
  async limit(limit: number): Promise<void> {
    await this.#keep(this.#jobs, limit)
  }

  async #keep(jobs: readonly PastJob[], limit: number): Promise<void> {
    const kept = jobs.filter((one, at) => jobs.slice(at).filter(({ type }) => type === one.type).length <= limit)
    this.#show(kept)
    await this.#save()
  }

  /** One write after the other, each of what the history is by then. */
  #save(): Promise<void> {
    this.#saving = this.#saving.then(() => this.#write())
    return this.#saving
  }

  async #write(): Promise<void> {
    const isAgain = this.#savingAgain !== undefined
    this.#savingAgain?.cancel()
    this.#savingAgain = undefined
    try {
      await writeFileAtomic(this.#path, `${JSON.stringify(this.#jobs)}\n`)
      if (isAgain) this.#log.notice('the history of backups is written again')
    } catch (error) {
      if (!isAgain)
        this.#log.error('cannot write the history of backups; it is kept in memory and written when that is possible', {
          error,
        })
      this.#savingAgain = this.#clock?.after(saveAgainMs, () => void this.#save())
    }
  }

  #show(jobs: readonly PastJob[]): void {
    this.#jobs = jobs
    this.served.table.replaceAll(jobs.map(rowOf))
  }
}

function rowOf(job: PastJob) {
  return {
    drsHistoryType: job.type,
    drsHistoryIndex: job.job,
    drsHistoryFileName: truncateUtf8(job.set, 255),
    drsHistoryDevice: job.device,
    drsHistoryCompleted: new Date(job.completedMs),
    drsHistoryResult: job.result,
    drsHistoryFeatures: truncateUtf8(job.features.join(','), 1024),
    drsHistoryTrigger: job.trigger,
    drsHistoryDuration: job.seconds,
    drsHistoryKBytes: kBytes(job.octets),
    drsHistoryVersion: job.version,
    drsHistoryError: truncateUtf8(job.error, 255),
    drsHistoryNodes: truncateUtf8((job.nodes ?? []).join(','), 1024),
  }
}

function parseHistory(content: unknown): readonly PastJob[] {
  if (!Array.isArray(content) || !content.every(isPastJob)) throw new Error('it does not hold jobs that have ended')
  return content
}

/** This process wrote it. */
function isPastJob(content: unknown): content is PastJob {
  if (typeof content !== 'object' || content === null) return false
  const fields = new Map(Object.entries(content))
  const numbers = ['job', 'completedMs', 'schedule', 'seconds', 'octets']
  const texts = ['type', 'set', 'device', 'result', 'trigger', 'version', 'error']
  return (
    numbers.every((name) => typeof fields.get(name) === 'number') &&
    texts.every((name) => typeof fields.get(name) === 'string') &&
    Array.isArray(fields.get('features'))
  )
}
