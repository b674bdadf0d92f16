/** The log module: ties CASTELLAN-LOG-MIB to the monitors of log files and to the rotator. */

import { join } from 'node:path'
import { noFailures, type StorageFigures } from '../../lib/files/storage.ts'
import { Patterns } from '../../lib/follow/patterns.ts'
import { foldersOf, type Home } from '../../lib/home/home.ts'
import { anyServing, type MibModule, type ModuleHost, serve } from '../../lib/mib/module.ts'
import { nextIndex } from '../../lib/mib/next-index.ts'
import { reasonText } from '../../lib/mib/storage-group.ts'
import type { Launcher } from '../../lib/program/launcher.ts'
import { oid } from '../../lib/smi/oid.ts'
import { truncateUtf8 } from '../../lib/text/text.ts'
import {
  siLogDiskFloorCleared,
  siLogDiskFloorReached,
  siLogGlobals,
  siLogMatchesSummary,
  siLogMatchFound,
  siLogMaxSizeCleared,
  siLogMaxSizeExceeded,
  siLogMonitorProblem,
  siLogTable,
} from './mib.ts'
import { Monitor } from './monitor.ts'
import { isMonitorState, type MonitorEvent, type MonitorSpec, type MonitorState } from './monitor-state.ts'
import type { RotateWish } from './rotation/command.ts'
import { defaultFloorOctets } from './rotation/defaults.ts'
import type { DiskFloorEvent } from './rotation/disk-keeper.ts'
import { realLogPath } from './rotation/policy.ts'
import { allPolicies, Rotations } from './rotations.ts'
import { isSameFollowing, type LogRow, liveColumns, mayBeNamed, specOf } from './row.ts'
import { logMachineRule, logRule, whyNoPattern } from './rules.ts'
import { StateFile } from './state-file.ts'
import { sentenceOf } from './words.ts'

/** What lives while the module is started. */
interface Running {
  readonly host: ModuleHost
  readonly patterns: Patterns
  readonly states: StateFile<MonitorState>
  readonly rotations: Rotations
  readonly monitors: Map<number, Monitor>
  /** Monitors that are being stopped; another of the same row begins when they have. */
  readonly changes: Map<number, Promise<void>>
}

const maxLineOctets = 1024

/** `launcher` runs the commands of rows. */
export function logModule(home: Home, launcher?: Launcher, storage: () => StorageFigures = noFailures) {
  let running: Running | undefined
  const folders = [home.logs, '/var/log']

  const files = serve(siLogTable, {
    live: {
      ...liveColumns((index) => running?.monitors.get(index)),
      siLogRotateLastError: (row) => running?.rotations.lastError(row.siLogFileName) ?? '',
    },
    test({ before, after, wishes }) {
      if (!after) return undefined
      const isNamed = before?.siLogFileName === after.siLogFileName || mayBeNamed(after.siLogFileName, folders)
      // A row that is still being made may have no name yet.
      if (after.siLogFileName !== undefined && !isNamed) return { status: 'inconsistentValue', column: 'siLogFileName' }
      // There must be a policy, for it says who is to be told and what is kept.
      if (wishes.siLogRotateNow && !(before && running?.rotations.isRotated(before.siLogFileName)))
        return { status: 'inconsistentValue', column: 'siLogRotateNow' }
      return whyNoPattern(after) === undefined ? undefined : { status: 'inconsistentValue', column: 'siLogRegExp' }
    },
    commit({ before, after, wishes }) {
      const scalars = globals.table.get({})!
      globals.table.put({ ...scalars, siLogConfigLastChange: running?.host.upTimeTicks() ?? 0 })
      return {
        undo: () => globals.table.put(scalars),
        finish: () => {
          const index = (after ?? before)!.siLogIndex
          if (after?.siLogRowStatus !== 'active') remove(index)
          else configure(after)
          configureRotations()
          if (wishes.siLogRotateNow && after) running?.rotations.rotateFile(after.siLogFileName)
          if (wishes.siLogResetMatches) running?.monitors.get(index)?.resetMatches()
          if (wishes.siLogPollNow) void running?.monitors.get(index)?.poll()
        },
      }
    },
  })
  const active = (): LogRow[] => [...files.table.rows()].filter((row) => row.siLogRowStatus === 'active')
  const globals = serve(siLogGlobals, {
    live: {
      siLogNextIndex: () => nextIndex([...files.table.rows()].map((row) => row.siLogIndex)),
      siLogMonitored: () => active().length,
      siLogStorageFailures: () => storage().failures >>> 0,
      siLogStorageUnkept: () => storage().unkept,
      siLogStorageReason: () => reasonText(storage()),
    },
    commit: () => ({
      finish: () => {
        for (const row of active()) configure(row)
        configureRotations()
      },
    }),
  })
  globals.table.put({
    siLogGlobalPollInterval: 60,
    siLogConfigLastChange: 0,
    siLogMaxNotifications: 10,
    siLogDiskFloorOctets: defaultFloorOctets,
  })

  const configure = (row: LogRow): void => {
    if (!running) return
    const spec = specOf(row, globals.table.get({})!.siLogGlobalPollInterval)
    const present = running.monitors.get(spec.index)
    if (present && isSameFollowing(present.spec, spec)) {
      present.configure(spec)
      return
    }
    const state = present?.state
    const monitor = monitorOf(running, spec, state)
    running.monitors.set(spec.index, monitor)
    after(running, spec.index, present, () => {
      if (running?.monitors.get(spec.index) === monitor) monitor.start()
    })
  }
  const configureRotations = (): void =>
    running?.rotations.configure(active(), globals.table.get({})!.siLogDiskFloorOctets)
  const remove = (index: number): void => {
    if (!running) return
    const { monitors, states } = running
    const present = monitors.get(index)
    monitors.delete(index)
    after(running, index, present, () => {
      if (!monitors.has(index)) states.delete(String(index))
    })
  }
  /** Runs something when the monitor that the row had has stopped. */
  const after = ({ changes }: Running, index: number, present: Monitor | undefined, run: () => void): void => {
    const change = (changes.get(index) ?? Promise.resolve()).then(() => present?.stop()).then(run)
    changes.set(index, change)
  }

  const monitorOf = ({ host, patterns, states }: Running, spec: MonitorSpec, state?: MonitorState): Monitor =>
    new Monitor(
      spec,
      {
        clock: host.clock,
        log: host.log,
        launcher,
        patterns,
        maxNotifications: () => globals.table.get({})!.siLogMaxNotifications,
        commit: (monitor) => {
          states.put(String(monitor.spec.index), monitor.state)
          return states.commit()
        },
        events: {
          told: (monitor, event) => tell(host, monitor, event),
          problem: (monitor, sentence) => {
            const { index, descr: siLogDescr, fileName: siLogFileName } = monitor.spec
            const values = { siLogDescr, siLogFileName, siLogOperState: monitor.operState ?? 'noFile' }
            host.notify(siLogMonitorProblem, { siLogIndex: index }, values, sentence)
          },
        },
      },
      state,
    )

  const module: MibModule = {
    name: 'log',
    description: 'CASTELLAN-LOG-MIB: watching and rotation of log files',
    oid: oid('1.3.6.1.4.1.32473.12.40'),
    tables: [files, globals].map(anyServing),
    notifications: [
      siLogMatchFound,
      siLogMaxSizeExceeded,
      siLogMaxSizeCleared,
      siLogMonitorProblem,
      siLogMatchesSummary,
      siLogDiskFloorReached,
      siLogDiskFloorCleared,
    ],
    async start(host) {
      const { clock, log } = host
      const path = join(foldersOf(home, 'subagents').data, 'log.json')
      const states = new StateFile<MonitorState>({ path, clock, log, isRow: isMonitorState })
      const { known, problem } = await states.load()
      const monitors = new Map<number, Monitor>()
      const monitorsOf = (path: string) =>
        [...monitors.values()].filter(({ spec }) => realLogPath(spec.fileName) === path)
      const rotations = new Rotations({
        home,
        clock,
        log,
        moving: (path, octets) => {
          for (const monitor of monitorsOf(path)) monitor.measured(octets)
        },
        moved: async (path) => void (await Promise.all(monitorsOf(path).map((monitor) => monitor.poll()))),
        floor: (change, event) => tellFloor(host, change, event),
      })
      const now: Running = { host, patterns: new Patterns({ clock }), states, rotations, monitors, changes: new Map() }
      running = now
      for (const row of active()) {
        const spec = specOf(row, globals.table.get({})!.siLogGlobalPollInterval)
        const monitor = monitorOf(now, spec, known.get(String(spec.index)))
        now.monitors.set(spec.index, monitor)
      }
      for (const index of known.keys()) if (!now.monitors.has(Number(index))) states.delete(index)
      for (const monitor of now.monitors.values()) {
        monitor.start()
        // What is known of the file by then goes into the notification.
        if (problem !== undefined && monitor.spec.regExp !== '')
          void monitor
            .poll()
            .then(() => monitor.report(`${monitor.spec.fileName} is followed from its end: ${problem}`))
      }
      configureRotations()
      await rotations.start()
    },
    async stop() {
      const ending = running
      running = undefined
      if (!ending) return
      const { patterns, rotations, monitors, changes, states, host } = ending
      await rotations.stop()
      states.hurry()
      await patterns.close()
      await Promise.all(changes.values())
      for (const monitor of monitors.values()) {
        await monitor.stop()
        states.put(String(monitor.spec.index), monitor.state)
      }
      try {
        await states.flush()
      } catch (error) {
        host.log.error('the state of the log files could not be kept', { error })
      }
    },
  }
  /** The answer to `rotate` on the control socket. */
  const rotate = (wish: RotateWish): Promise<string> => {
    if (!running) throw new Error('the log module does not run; start it, or try again when it does')
    return running.rotations.command(wish)
  }
  /** What the configuration says of rotation, also where the module does not run. */
  const policies = () => ({
    policies: allPolicies(active(), home),
    floorOctets: globals.table.get({})!.siLogDiskFloorOctets,
  })
  const rules = { checks: [logRule], machineChecks: [logMachineRule] }
  return { module, configured: [anyServing(files), anyServing(globals)], ...rules, rotate, policies }
}

function tellFloor(host: ModuleHost, change: 'reached' | 'cleared', event: DiskFloorEvent): void {
  const { folder, freeOctets, floorOctets: siLogDiskFloorOctets } = event
  const values = {
    siLogDiskFloorOctets,
    siLogDiskFreeFolder: truncateUtf8(folder, maxLineOctets),
    siLogDiskFreeOctets: Math.min(freeOctets, 0xffff_ffff),
  }
  if (change === 'reached')
    host.notify(
      siLogDiskFloorReached,
      {},
      values,
      `${folder}: ${freeOctets} octets are free, below the floor of ${siLogDiskFloorOctets}`,
    )
  else host.notify(siLogDiskFloorCleared, {}, values, `${folder}: ${freeOctets} octets are free again`)
}

function tell(host: ModuleHost, { spec, lastMatch }: Monitor, event: MonitorEvent): void {
  const { index: siLogIndex, descr: siLogDescr, fileName: siLogFileName, regExp: siLogRegExp } = spec
  const sentence = truncateUtf8(sentenceOf(event, spec), maxLineOctets)
  const file = { siLogDescr, siLogFileName }
  const at = { siLogIndex }
  if (event.kind === 'match') {
    const line = truncateUtf8(event.line, maxLineOctets)
    const values = { ...file, siLogRegExp, siLogMatches: event.matches, siLogLastMatch: line }
    if (event.isToBeSent) host.notify(siLogMatchFound, at, values, sentence)
    return
  }
  if (event.kind === 'summary') {
    const { matches: siLogMatches, count: siLogMatchesSummarized } = event
    const values = { ...file, siLogRegExp, siLogMatches, siLogMatchesSummarized, siLogLastMatch: lastMatch }
    host.notify(siLogMatchesSummary, at, values, sentence)
    return
  }
  if (!spec.maxSizeTrap) return
  const values = { ...file, siLogSize: Math.min(event.sizeOctets, 0xffff_ffff), siLogMaxSize: spec.maxSizeOctets }
  host.notify(event.kind === 'exceeded' ? siLogMaxSizeExceeded : siLogMaxSizeCleared, at, values, sentence)
}
