/** The backup module: ties CASTELLAN-BACKUP-MIB to devices, schedules and the jobs of this home. */
import { mkdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Feature } from '../../lib/backup/feature.ts'
import { bothLogs, openTrace } from '../../lib/backup/trace.ts'
import { foldersOf, type Home } from '../../lib/home/home.ts'
import { type Log, silentLog } from '../../lib/log/log.ts'
import { anyServing, type MibModule, type ModuleHost, serve } from '../../lib/mib/module.ts'
import type { Names } from '../../lib/mib/names.ts'
import { type Launcher, ownLauncher } from '../../lib/program/launcher.ts'
import { Scheduler } from '../../lib/schedule/scheduler.ts'
import { fileStore } from '../../lib/schedule/store.ts'
import { oid } from '../../lib/smi/oid.ts'
import { machineZone } from '../../lib/time/zone.ts'
import { Alarms } from './alarms.ts'
import { dateOf } from './dates.ts'
import { DeviceTable } from './device-table.ts'
import { FileTable } from './file-table.ts'
import { serveGlobals } from './globals.ts'
import { History } from './history.ts'
import { type AskDevice, askInProgram } from './inquiries.ts'
import { jobProgram } from './job-program.ts'
import { JobTable } from './job-table.ts'
import { drsSourceTable } from './mib.ts'
import { drs } from './mib-syntax.ts'
import { NodeTable } from './node-table.ts'
import type { AskNode } from './nodes.ts'
import { drsNotifications, drsScheduleMissedRun } from './notifications.ts'
import { type OperatorOptions, obey } from './operator.ts'
import { Registrations } from './registrations.ts'
import { requestedBy } from './requests.ts'
import { deviceRule, nodeRule, scheduleRule } from './rules.ts'
import { ScheduleTable } from './schedule-table.ts'
import { declaredFeatures, sourceRule } from './sources.ts'
import type { Tables } from './tables.ts'
import { Work } from './work.ts'

export interface BackupModuleOptions {
  readonly launcher?: Launcher
  /** What this home has, with what was added to it. */
  knownFeatures(home: Home, declared: readonly Feature[]): Feature[]
  /** In place of a program that asks devices. */
  readonly ask?: AskDevice
  /** In place of the program of a job. */
  readonly runJob?: (folder: string) => Promise<string | undefined>
  /** Asks the local agent of another node. */
  readonly askNode: AskNode
}

/** A manager may be so far ahead of drsJobNextIndex, and cannot use numbers up. */
const jobsAhead = 1000

export function backupModule(home: Home, options: BackupModuleOptions) {
  const folder = join(foldersOf(home, 'subagents').data, 'backup')
  const {
    launcher = ownLauncher,
    knownFeatures,
    askNode,
    ask = askInProgram(join(folder, 'jobs')),
    runJob = jobProgram(launcher),
  } = options
  let work: Work | undefined
  let scheduler: Scheduler | undefined
  let changes = silentLog
  const tables = makeTables(
    join(folder, 'history.json'),
    () => work,
    (sentence, fields) => changes.info(sentence, fields),
  )
  const register = (): void => {
    const added = declared()
    tables.registrations.show(knownFeatures(home, added), added, hostname())
  }
  // A reload brings new lines one by one.
  const sources = serve(drsSourceTable, { commit: () => ({ finish: () => void (work && register()) }) })
  const declared = (): Feature[] => declaredFeatures(sources.table.rows())

  const module: MibModule = {
    name: 'backup',
    description: 'CASTELLAN-BACKUP-MIB: backups, restores and drills',
    oid: oid(drs),
    tables: [...servedOf(tables), sources].map(anyServing),
    notifications: drsNotifications,
    async start(given) {
      const trace = openTrace(home, 'drfMA', 'backup', given.clock)
      const host = { ...given, log: bothLogs(given.log, trace) }
      changes = openTrace(home, 'drfConfLib', 'backup', given.clock)
      await mkdir(join(folder, 'jobs'), { recursive: true, mode: 0o700 })
      register()
      work = new Work({
        ...{ home, host, ask, askNode, runJob, jobsFolder: join(folder, 'jobs') },
        tables: { ...tables, declared, nextJob: () => nextJob(tables, work) },
      })
      await work.start()
      scheduler = schedulerOf(host, tables, work, join(folder, 'schedules.json'))
      await scheduler.start()
      tables.schedules.use(scheduler)
    },
    async stop() {
      await scheduler?.stop()
      scheduler = undefined
      tables.schedules.use(undefined)
      await work?.stop()
      work = undefined
    },
  }
  const { globals, devices, schedules, nodes } = tables
  return {
    module,
    configured: [globals, devices.served, schedules.served, schedules.features, nodes.served, sources].map(anyServing),
    checks: [deviceRule, scheduleRule, nodeRule, sourceRule],
    /** What `utils disaster_recovery` asks; `set` is a SET of this module. */
    order: (words: readonly string[], names: Names, set: OperatorOptions['set']) =>
      obey(words, { tables: module.tables, names, set, asks: (jobs, isAsking) => tables.jobs.asks(jobs, isAsking) }),
  }
}

type StandingTables = Omit<Tables, 'declared' | 'nextJob'>

function makeTables(historyPath: string, working: () => Work | undefined, trace: Log['info']): StandingTables {
  const mayStart = (): boolean => working() !== undefined && working()?.jobs.current === undefined
  const hasDevice = (index: number): boolean => devices.settings(index) !== undefined
  const history = new History(historyPath)
  const files = new FileTable()
  const registrations = new Registrations()
  const alarms = new Alarms()
  const devices: DeviceTable = new DeviceTable({
    toValidate: (row) => working()?.validate(row),
    removed: (row) => files.forget(row.drsDeviceIndex),
    isUsed: (index) => schedules.names(index),
    changed: (row, what) => trace(`device ${what}`, { name: row.drsDeviceName }),
  })
  const schedules = new ScheduleTable({
    mayRun: mayStart,
    runNow: (row) => void working()?.runSchedule(row),
    hasDevice,
    lastResult: (index) => history.lastOf(index)?.result ?? 'none',
    changed: (row, what) => trace(`schedule ${what}`, { name: row.drsScheduleName }),
  })
  const nodes = new NodeTable({
    toLookAt(row) {
      trace('node changed', { name: row.drsNodeName })
      working()?.nodes.lookAt(row)
    },
    removed(row) {
      trace('node removed', { name: row.drsNodeName })
      working()?.nodes.forget(row)
    },
  })
  const jobs: JobTable = new JobTable({
    mayBe: (index) => isNear(index, nextJob({ jobs }, working())),
    ...{ mayStart, hasDevice },
    knows: (feature) => registrations.knows(feature),
    isCurrent: (index) => working()?.jobs.current?.request.job === index,
    toStart(row) {
      trace(`${row.drsJobType} asked for`, { job: row.drsJobIndex, trigger: row.drsJobTrigger })
      void working()?.begin(requestedBy(row, devices.settings(row.drsJobDevice)), row.drsJobIndex)
    },
    toCancel(index) {
      trace('cancel asked for', { job: index })
      void working()?.jobs.cancel(index)
    },
    toKeep: (index) => working()?.keep(index),
    nodes: () => ({ own: hostname(), others: nodes.active.map(({ drsNodeName }) => drsNodeName) }),
    componentIndex: (feature, component) => registrations.find(feature, component),
    deviceNamed: (name) => devices.named(name),
  })
  const globals = serveGlobals({
    history,
    isUp: () => working() !== undefined,
    currentJob: () => working()?.jobs.current?.request.job ?? 0,
    nextJob: () => nextJob({ jobs }, working()),
    devices: () => devices.indexes,
    schedules: () => schedules.indexes,
    nodes: () => nodes.indexes,
    changed: () => void working()?.globalsChanged(),
  })
  return { history, files, registrations, alarms, devices, schedules, nodes, jobs, globals }
}

function servedOf({ globals, devices, registrations, schedules, nodes, jobs, history, files, alarms }: StandingTables) {
  return [
    ...[globals, devices.served, registrations.features, registrations.components],
    ...[schedules.served, schedules.features, nodes.served, jobs.served, jobs.components, jobs.nodes],
    ...[history.served, files.served, alarms.served],
  ]
}

/** Beyond all jobs whose folders or rows are there. */
function nextJob({ jobs }: Pick<Tables, 'jobs'>, work: Work | undefined): number {
  return Math.max(work?.jobs.nextIndex ?? 1, jobs.lastIndex + 1)
}

const isNear = (index: number, next: number): boolean => index >= next && index < next + jobsAhead

function schedulerOf(host: ModuleHost, tables: StandingTables, work: Work, path: string): Scheduler {
  const { schedules, globals } = tables
  return new Scheduler({
    clock: host.clock,
    zone: machineZone,
    log: host.log,
    store: fileStore(path),
    run: async (state) => {
      const row = schedules.rowOf(state)
      return row && work.runSchedule(row)
    },
    events: {
      // What failed is an alarm already.
      failed: () => {},
      missed: (state) => {
        const row = schedules.rowOf(state)
        if (!row || !globals.values.drsNotificationsEnabled) return
        const values = {
          drsScheduleName: row.drsScheduleName,
          drsScheduleMissed: state.missed >>> 0,
          drsScheduleNextRun: dateOf(state.nextMs),
        }
        host.notify(drsScheduleMissedRun, row, values, `schedule ${row.drsScheduleName}: ${state.lastError}`)
      },
    },
  })
}
