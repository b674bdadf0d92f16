/**
 * The jobs of this home: one at a time, each a process of its own that is followed by the files in its folder. A job that an
 * earlier process started is followed on; one whose process is gone without having said how it ended was interrupted.
 */
import type { JobRequest, JobResult, JobStatus } from '../../lib/backup/job.ts'
import {
  askToCancel,
  jobFolderOf,
  jobLogPathOf,
  listJobs,
  readJobStatus,
  readRequest,
  removeJob,
  writeRequest,
} from '../../lib/backup/job-folder.ts'
import { messageOf } from '../../lib/errors.ts'
import type { Log } from '../../lib/log/log.ts'
import { isRunning } from '../../lib/proc/process.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'

/** What is known of a job, whether its process has said anything or not. */
export interface Job {
  readonly request: JobRequest
  readonly status: JobStatus | undefined
  readonly state: 'pending' | 'running' | 'canceling' | 'completed'
  readonly result: JobResult
  readonly error: string
  readonly endedMs: number | undefined
  readonly logPath: string
}

export interface JobsOptions {
  readonly clock: Clock
  readonly log: Log
  /** The folder of their folders. */
  readonly folder: string
  /** Starts the program of a job, and resolves when it has ended, to why it could not be started; undefined otherwise. */
  run(folder: string): Promise<string | undefined>
  /** Whether a program of that job's folder runs, whoever started it. */
  isProgramRunning(folder: string): boolean
  /** Whether its end is in the history already. */
  wasRecorded(job: number): boolean
  readonly events: {
    started(job: Job): void
    changed(job: Job): void
    ended(job: Job): void
    /** Its folder went, since there were too many. */
    forgotten(job: number): void
  }
}

/** How often the status of a running job is read. */
const followEveryMs = 500
/** So long a job that an earlier process started, and whose program is not seen, may say nothing. */
const silentAtMostMs = 60_000
/** Folders that are kept for their logs: those of the history of backups and restores, and of drills. */
export const keptFolders = 60

export class JobInProgressError extends Error {}

export class Jobs {
  readonly #options: JobsOptions
  #current: Job | undefined
  #folderCount: number[] = []
  #timer: Timer | undefined
  #startedMs = 0
  #isReading = false
  /** What this process knows of the current job's program; one that an earlier process started it cannot wait for. */
  #program: 'runs' | 'ended' | 'unknown' = 'unknown'

  constructor(options: JobsOptions) {
    this.#options = options
  }

  get current(): Job | undefined {
    return this.#current
  }

  /** A number that no job has, and none had whose folder is still there. */
  get nextIndex(): number {
    return (this.#folderCount.at(-1) ?? 0) + 1
  }

  /** Finds what earlier processes started, and follows what still runs. */
  async start(): Promise<void> {
    const { folder } = this.#options
    this.#folderCount = await listJobs(folder)
    const last = this.#folderCount.at(-1)
    if (last === undefined) return
    const path = jobFolderOf(folder, last)
    const request = await readRequest(path)
    if (!request || this.#options.wasRecorded(last)) return
    const status = await readJobStatus(path)
    this.#follow(this.#jobOf(request, status))
    await this.#look()
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** Rejects with JobInProgressError while another runs, or with what the file system says. */
  async begin(request: JobRequest): Promise<void> {
    if (this.#current) throw new JobInProgressError(`job ${this.#current.request.job} is running`)
    const job = this.#jobOf(request, undefined)
    this.#current = job
    this.#folderCount.push(request.job)
    let folder: string
    try {
      folder = await writeRequest(this.#options.folder, request)
    } catch (error) {
      this.#end({ ...job, error: `cannot write the request of the job: ${messageOf(error)}` }, 'failed')
      return
    }
    this.#options.events.started(job)
    this.#follow(job)
    void this.#run(folder)
    await this.#prune()
  }

  /** Of the job that runs; false where it is none of that number. */
  async cancel(job: number): Promise<boolean> {
    if (this.#current?.request.job !== job) return false
    await askToCancel(jobFolderOf(this.#options.folder, job))
    this.#current = { ...this.#current, state: 'canceling' }
    this.#options.events.changed(this.#current)
    return true
  }

  async #run(folder: string): Promise<void> {
    this.#program = 'runs'
    const failure = await this.#options.run(folder)
    const job = this.#current
    if (!job || jobFolderOf(this.#options.folder, job.request.job) !== folder) return
    this.#program = 'ended'
    if (failure === undefined) return this.#look()
    this.#end({ ...job, error: failure }, 'failed')
  }

  #jobOf(request: JobRequest, status: JobStatus | undefined): Job {
    const logPath = jobLogPathOf(jobFolderOf(this.#options.folder, request.job))
    const plain = { result: 'none', error: '', endedMs: undefined } as const
    return { request, status, state: status ? 'running' : 'pending', logPath, ...plain }
  }

  #follow(job: Job): void {
    this.#current = job
    this.#startedMs = this.#options.clock.monotonicMs()
    this.#timer?.cancel()
    this.#timer = this.#options.clock.every(followEveryMs, () => void this.#look())
  }

  async #look(): Promise<void> {
    const job = this.#current
    if (!job || this.#isReading) return
    this.#isReading = true
    // Known before the status is read: what a program says just before its end counts.
    const program = this.#program
    try {
      const status = await readJobStatus(jobFolderOf(this.#options.folder, job.request.job))
      if (this.#current?.request.job === job.request.job) this.#take(this.#current, status, program)
    } catch (error) {
      this.#options.log.warn('cannot read the status of a job', { job: job.request.job, error })
    } finally {
      this.#isReading = false
    }
  }

  #take(job: Job, status: JobStatus | undefined, program: 'runs' | 'ended' | 'unknown'): void {
    if (!status) {
      if (program === 'ended' || (program === 'unknown' && this.#isLost(job)))
        this.#end({ ...job, error: 'its program ended without a word' }, 'interrupted')
      return
    }
    if (status.state === 'completed') return this.#end({ ...job, status, error: status.error }, status.result)
    if (!isRunning({ pid: status.pid, startTicks: Number(status.startTicks) }))
      return this.#end({ ...job, status, error: 'the process of the job was killed' }, 'interrupted')
    const state = job.state === 'canceling' ? 'canceling' : status.state
    this.#current = { ...job, status, state }
    this.#options.events.changed(this.#current)
  }

  /** Of a job that has said nothing: silence alone is no end, for a busy machine may take minutes to start a program. */
  #isLost({ request }: Job): boolean {
    const { clock, folder, isProgramRunning } = this.#options
    const isPatient = clock.monotonicMs() - this.#startedMs <= silentAtMostMs
    return !isPatient && !isProgramRunning(jobFolderOf(folder, request.job))
  }

  #end(job: Job, result: JobResult): void {
    this.stop()
    this.#current = undefined
    this.#program = 'unknown'
    const endedMs = job.status?.endedMs ?? this.#options.clock.now()
    this.#options.events.ended({ ...job, state: 'completed', result, endedMs })
  }

  async #prune(): Promise<void> {
    const { folder, log, events } = this.#options
    for (const job of this.#folderCount.splice(0, Math.max(0, this.#folderCount.length - keptFolders))) {
      try {
        await removeJob(folder, job)
      } catch (error) {
        log.warn('cannot remove the folder of an old job', { job, error })
      }
      events.forgotten(job)
    }
  }
}
