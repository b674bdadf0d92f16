/** What the backup module does while it runs: starts jobs, tells what becomes of them, and asks devices. */
import { hostname } from 'node:os'
import type { Answer, Inquiry } from '../../lib/backup/inquiry.ts'
import type { NodeProgress } from '../../lib/backup/job.ts'
import { leaseMs } from '../../lib/backup/node.ts'
import type { Home } from '../../lib/home/home.ts'
import type { ModuleHost } from '../../lib/mib/module.ts'
import type { RunFailure } from '../../lib/schedule/schedule.ts'
import { programVersion } from '../../lib/version.ts'
import { Ages } from './ages.ts'
import { clearedBy } from './alarms.ts'
import { isGood, type PastJob } from './history.ts'
import { type AskDevice, Inquiries } from './inquiries.ts'
import { isJobProgramRunning } from './job-program.ts'
import { type Job, Jobs } from './jobs.ts'
import { Lease } from './lease.ts'
import { nodeSettingsOf } from './node-table.ts'
import { type AskNode, Nodes } from './nodes.ts'
import { alarmNotifications, drsJobCompleted, drsJobStarted } from './notifications.ts'
import { jobRequest, type Requested } from './requests.ts'
import type { ScheduleRow } from './schedule-table.ts'
import type { DeviceRow } from './settings.ts'
import type { Tables } from './tables.ts'

export interface WorkOptions {
  readonly home: Home
  readonly host: ModuleHost
  readonly tables: Tables
  /** Of all jobs. */
  readonly jobsFolder: string
  readonly ask: AskDevice
  readonly askNode: AskNode
  /** Starts the program of a job, and resolves when it has ended, to why it could not be started; undefined otherwise. */
  runJob(folder: string): Promise<string | undefined>
}

export class Work {
  readonly #options: WorkOptions
  readonly #inquiries: Inquiries
  readonly #ages: Ages
  readonly jobs: Jobs
  readonly nodes: Nodes
  readonly #lease: Lease
  /** Those that wait for the end of a job, by its number. */
  readonly #waiting = new Map<number, (job: Job) => void>()
  /** Alarms of the current job that were raised. */
  #raised = 0

  constructor(options: WorkOptions) {
    this.#options = options
    const { host, tables, jobsFolder, ask, askNode, runJob } = options
    const { history, globals, alarms } = tables
    const { clock, log } = host
    this.#inquiries = new Inquiries(ask, host.signal)
    this.jobs = new Jobs({
      ...{ clock, log, folder: jobsFolder, run: runJob },
      wasRecorded: (job) => history.has(job),
      isProgramRunning: isJobProgramRunning,
      events: {
        started: (job) => this.#started(job),
        changed: (job) => this.#changed(job),
        ended: (job) => void this.#ended(job),
        forgotten: (job) => tables.jobs.forget(job),
      },
    })
    this.nodes = new Nodes({
      ...{ clock, log, signal: host.signal, ask: askNode },
      ...{ table: tables.nodes, registrations: tables.registrations },
    })
    this.#lease = new Lease(clock, (job) => void this.#abandoned(job))
    this.#ages = new Ages({
      clock,
      maxAgeDays: (what) =>
        what === 'backup' ? globals.values.drsMaxBackupAgeDays : globals.values.drsMaxDrillAgeDays,
      lastMs: (what) => history.last(what, { good: true })?.completedMs,
      raise: (alarm, text) => alarms.raise(alarm, { text }),
      clear: (alarm) => alarms.clear([alarm]),
    })
    alarms.use({
      ...{ clock, log },
      isNotified: () => globals.values.drsNotificationsEnabled,
      notify: (name, row, values) => host.notify(alarmNotifications[name], row, values, row.drsAlarmText),
    })
  }

  async start(): Promise<void> {
    const { devices, history } = this.#options.tables
    await history.load(this.#options.host.log, this.#options.host.clock)
    await this.jobs.start()
    this.#ages.look()
    this.nodes.lookAtAll()
    for (const index of devices.indexes) this.list(index)
  }

  async stop(): Promise<void> {
    this.jobs.stop()
    this.#ages.stop()
    this.nodes.stop()
    this.#lease.end()
    this.#options.tables.alarms.use(undefined)
    await this.#options.tables.history.stop()
  }

  /** After a SET of drsGlobals. */
  async globalsChanged(): Promise<void> {
    const { history, globals } = this.#options.tables
    await history.limit(globals.values.drsHistoryLimit)
    this.#ages.look()
  }

  validate(row: DeviceRow): void {
    this.#inquire('validate', row)
  }

  /** Nothing where the device is not in service. */
  list(index: number): void {
    const row = this.#options.tables.devices.get(index)
    if (row) this.#inquire('list', row)
  }

  /** Resolves when the job has been written down; where it cannot run, to the reason. */
  async begin(requested: Requested, job: number): Promise<string | undefined> {
    const { home, host, tables } = this.#options
    const current = this.jobs.current
    if (current) return `job ${current.request.job} is running`
    const request = jobRequest(requested, {
      ...{ job, home: home.root, node: hostname(), declared: tables.declared() },
      others: tables.nodes.active.map(nodeSettingsOf),
      timeMs: Math.floor(host.clock.now() / 1000) * 1000,
      readsBack: tables.globals.values.drsReadBack,
    })
    if (!request) return 'its device is not in service'
    await this.jobs.begin(request)
    return undefined
  }

  /** The master of the job has said that it still waits. */
  keep(job: number): void {
    if (this.jobs.current?.request.job === job) this.#lease.renew(job)
  }

  /** A backup is of no use without the list that its master will not write; a restore is better whole than half done. */
  async #abandoned(job: number): Promise<void> {
    const request = this.jobs.current?.request
    if (request?.job !== job || request.master === undefined) return
    const isBackup = request.type === 'backup'
    const text = `${request.master}, which gave ${request.type} ${job} to this node, has not been heard of for ${leaseMs / 1000} s; ${isBackup ? 'the job is canceled' : 'the job goes on'}: look at ${request.master} and at the network`
    this.#options.tables.alarms.raise('la2maFailure', { text, object: request.master, job })
    if (isBackup) await this.jobs.cancel(job)
  }

  /** Resolves when the job of the schedule has ended, to how it failed. */
  async runSchedule(row: ScheduleRow): Promise<RunFailure | undefined> {
    const { tables } = this.#options
    const job = tables.nextJob()
    const ended = new Promise<Job>((resolve) => this.#waiting.set(job, resolve))
    const refused = await this.begin(scheduledBy(row, tables), job)
    if (refused !== undefined) {
      this.#waiting.delete(job)
      const text = `the ${row.drsScheduleTask} of schedule ${row.drsScheduleName} was not started: ${refused}`
      tables.alarms.raise('backupInProgress', { text, object: row.drsScheduleName })
      return { status: 'resourceUnavailable', sentence: refused }
    }
    const { result, error } = await ended
    if (isGood({ result })) return undefined
    return { status: 'genErr', sentence: error === '' ? `the job ended: ${result}` : error }
  }

  async #inquireNow(question: Inquiry['question'], row: DeviceRow): Promise<Answer | undefined> {
    const device = this.#options.tables.devices.settings(row.drsDeviceIndex)
    return device && (await this.#inquiries.ask({ question, device }))
  }

  #inquire(question: Inquiry['question'], row: DeviceRow): void {
    const { host, tables } = this.#options
    void this.#inquireNow(question, row).then((answer) => {
      if (!answer || host.signal.aborted) return
      tables.devices.show(row, answer, new Date(host.clock.now()))
      if (answer.failure)
        return host.log.warn('a backup device is not ready', {
          device: row.drsDeviceName,
          error: answer.failure.sentence,
        })
      tables.files.show(row.drsDeviceIndex, answer.sets, programVersion())
    })
  }

  #started(job: Job): void {
    const { host, tables } = this.#options
    this.#raised = 0
    tables.jobs.show(job)
    const row = tables.jobs.get(job.request.job)
    if (!row) return
    host.log.notice('a backup job was started', { job: row.drsJobIndex, type: row.drsJobType })
    if (!tables.globals.values.drsNotificationsEnabled) return
    host.notify(drsJobStarted, row, row, `${row.drsJobType} ${row.drsJobIndex} was started`)
  }

  #changed(job: Job): void {
    if (job.request.master !== undefined) this.#lease.begin(job.request.job)
    this.#options.tables.jobs.show(job)
    this.#raise(job)
  }

  #raise({ request, status }: Job): void {
    const alarms = status?.alarms ?? []
    for (const { id, text, object } of alarms.slice(this.#raised))
      this.#options.tables.alarms.raise(id, { text, object, job: request.job })
    this.#raised = Math.max(this.#raised, alarms.length)
  }

  async #ended(job: Job): Promise<void> {
    const { host, tables } = this.#options
    const { type, job: index } = job.request
    const past = pastJob(job)
    this.#lease.end()
    tables.jobs.show(job)
    this.#raise(job)
    if (job.result === 'interrupted')
      tables.alarms.raise('internalProcessFailure', {
        text: `${type} ${index}: ${job.error}; ${
          type === 'restore' ? 'put back what it replaced: utils disaster_recovery rollback' : 'run it again'
        }`,
        job: index,
      })
    if (isGood(job)) tables.alarms.clear(type === 'rollback' || type === 'verify' ? [] : clearedBy[type], index)
    if (type === 'backup' && job.status) tables.registrations.record(job.status, new Date(past.completedMs))
    await tables.history.add(past, tables.globals.values.drsHistoryLimit)
    const row = tables.jobs.get(index)
    const sentence = `${type} ${index} ended: ${job.result}${job.error === '' ? '' : `: ${job.error}`}`
    if (row && tables.globals.values.drsNotificationsEnabled) host.notify(drsJobCompleted, row, row, sentence)
    else host.log.notice(sentence)
    this.#waiting.get(index)?.(job)
    this.#waiting.delete(index)
    this.#ages.look()
    if (job.request.nodes) this.nodes.lookAtAll()
    if (job.request.type !== 'rollback') this.list(tables.devices.named(job.request.device.name))
  }
}

function scheduledBy(row: ScheduleRow, { devices, schedules, registrations }: Tables): Requested {
  return {
    type: row.drsScheduleTask,
    trigger: 'schedule',
    schedule: row.drsScheduleIndex,
    device: devices.settings(row.drsScheduleDevice),
    features: registrations.namesOf(schedules.featuresOf(row.drsScheduleIndex)),
    ...{ set: '', nodes: [], anyVersion: false },
  }
}

function pastJob({ request, status, result, error, endedMs = 0 }: Job): PastJob {
  return {
    job: request.job,
    type: request.type,
    set: status?.set ?? '',
    device: request.type === 'rollback' ? '' : request.device.name,
    completedMs: endedMs,
    result,
    features: status?.features ?? request.features,
    trigger: request.trigger,
    schedule: request.schedule ?? 0,
    seconds: Math.max(0, Math.round((endedMs - (status?.startedMs ?? endedMs)) / 1000)),
    octets: status?.octets ?? 0,
    version: programVersion(),
    error,
    nodes: status?.nodes ? status.nodes.map(nodeText) : [request.node],
  }
}

function nodeText({ node, state }: NodeProgress): string {
  return state === 'done' ? node : `${node}:${state}`
}
