/** The critapp module: ties the declaration to the supervisor. */

import { join } from 'node:path'
import { foldersOf, type Home, pidFileOf } from '../../lib/home/home.ts'
import type { RowOf } from '../../lib/mib/declare.ts'
import { anyServing, type MibModule, type ModuleHost, serve } from '../../lib/mib/module.ts'
import { nextIndex } from '../../lib/mib/next-index.ts'
import type { SetVarbind } from '../../lib/mib/set.ts'
import { type Launcher, ownLauncher } from '../../lib/program/launcher.ts'
import { castellanArc } from '../../lib/smi/enterprise.ts'
import { oid } from '../../lib/smi/oid.ts'
import type { Timer } from '../../lib/time/clock.ts'
import { healthCheck, quoted, type SipPing } from './health.ts'
import {
  critAppAllNowRunning,
  critAppGlobals,
  critAppNotAllRunning,
  critAppProcExited,
  critAppProcStarted,
  critAppProcTable,
  critAppRestartFailed,
} from './mib.ts'
import { notSupervised, type Order, obey } from './operator.ts'
import { newEntry, type ProcessSpec, type SupervisedProcess } from './process.ts'
import { processRule, programRule, whyNotActive } from './rules.ts'
import { type Request, Supervisor } from './supervisor.ts'

type ProcRow = RowOf<typeof critAppProcTable>

/** `sipPing` is what a health check of kind `sip` asks with; `launcher` runs start commands. */
export function critappModule(home: Home, sipPing: SipPing, launcher: Launcher = ownLauncher) {
  let supervisor: Supervisor | undefined
  let host: ModuleHost | undefined
  /** What the rows of one SET, or of one file, ask for: acted on together, for their order counts. */
  let asked: (Request & { readonly isGraceful: boolean })[] = []
  const ask = (after: ProcRow, wishes: Partial<ProcRow>): void => {
    if (asked.length === 0) queueMicrotask(act)
    const isWished = wishes.critAppAdminStatus !== undefined
    asked.push({ spec: specOf(after), isWished, isGraceful: wishes.critAppGracefulRestart === 'restart' })
  }
  const act = (): void => {
    const requests = asked
    asked = []
    // A row may have been destroyed since.
    const isHere = ({ spec: { index } }: Request): boolean =>
      processes.table.get({ critAppProcIndex: index })?.critAppProcRowStatus === 'active'
    supervisor?.configureAll(requests.filter(isHere))
    for (const { spec, isGraceful } of requests) if (isGraceful) supervisor?.graceful(spec.index)
  }

  const processes = serve(critAppProcTable, {
    live: {
      critAppProcUpTime: ({ critAppProcIndex, critAppOperStatus }) => {
        const process = supervisor?.find(critAppProcIndex)
        if (critAppOperStatus !== 'up' || !process || !host) return 0
        return Math.floor((host.clock.monotonicMs() - process.startedMonotonicMs) / 10) % 0x1_0000_0000
      },
    },
    derive({ before, after, wishes }) {
      // RFC 2578 §7.9 leaves the DEFVAL to the agent: who makes a row for a process that runs, and says nothing of it, wants it up.
      const isUnsaid = before === undefined && wishes.critAppAdminStatus === undefined
      return isUnsaid && supervisor?.runs(after.critAppProcName)
        ? { ...after, critAppAdminStatus: 'up' as const }
        : after
    },
    test({ before, after, wishes, alongside = [] }) {
      if (after?.critAppProcRowStatus !== 'active') return undefined
      // A row knows its process by this name: another one would leave a running process with nobody to watch it.
      const isRenamed = before?.critAppProcRowStatus === 'active' && before.critAppProcName !== after.critAppProcName
      if (isRenamed && before.critAppOperStatus === 'up') return 'inconsistentValue'
      const changed = new Set(alongside.map(({ critAppProcIndex }) => critAppProcIndex))
      const unchanged = [...processes.table.rows()].filter(({ critAppProcIndex }) => !changed.has(critAppProcIndex))
      const mistake = whyNotActive(after, [...unchanged, ...alongside])
      if (mistake) return { status: 'inconsistentValue', column: mistake.column }
      // There must be something to restart, and a way to do it.
      const hasWay = after.critAppGracefulCommand !== '' || after.critAppUnit !== ''
      const isGraceful = wishes.critAppGracefulRestart === 'restart'
      if (isGraceful && (!hasWay || before?.critAppOperStatus !== 'up'))
        return { status: 'inconsistentValue', column: 'critAppGracefulRestart' }
      return undefined
    },
    // Above all a process that fills the disk must be stopped.
    actsUnkept: ({ wishes }) => Object.keys(wishes).every((name) => isOrder(name)),
    commit({ before, after, wishes }) {
      const scalars = globals.table.get({})!
      globals.table.put({ ...scalars, critAppConfigLastChange: host?.upTimeTicks() ?? 0 })
      return {
        undo: () => globals.table.put(scalars),
        finish: () => {
          if (after?.critAppProcRowStatus === 'active') ask(after, wishes)
          else if (before?.critAppProcRowStatus === 'active') {
            supervisor?.remove(before.critAppProcIndex)
            // Nobody looks any more, so nothing is known.
            if (after) processes.table.patch(after, stateOf(newEntry(specOf(after)).shown))
          }
        },
      }
    },
  })
  const wanted = (): ProcRow[] =>
    [...processes.table.rows()].filter(
      (row) => row.critAppProcRowStatus === 'active' && row.critAppAdminStatus === 'up',
    )
  const running = (): ProcRow[] => wanted().filter((row) => row.critAppOperStatus === 'up')
  const globals = serve(critAppGlobals, {
    live: {
      critAppTotal: () => wanted().length,
      critAppRunning: () => running().length,
      critAppAllRunning: () => wanted().length === running().length,
      critAppNextIndex: () => nextIndex([...processes.table.rows()].map((row) => row.critAppProcIndex)),
    },
  })
  globals.table.put({
    critAppTrapWhenNotAllRunning: false,
    critAppTrapWhenAllRunning: false,
    critAppAllRunningInterval: 0,
    critAppConfigLastChange: 0,
    critAppCommandsWritable: false,
  })

  /** Whether all ran when it was last looked at; nothing before the first time that they did. */
  let allRan = false
  let repetition: Timer | undefined
  const counts = () => ({ critAppTotal: wanted().length, critAppRunning: running().length })

  /** critAppNotAllRunning when a process that is wanted up goes; critAppAllNowRunning when all run, and again at its interval. */
  const judge = (row: ProcRow | undefined): void => {
    const { critAppTrapWhenNotAllRunning, critAppTrapWhenAllRunning, critAppAllRunningInterval } = globals.table.get(
      {},
    )!
    const { critAppTotal, critAppRunning } = counts()
    const allRun = critAppTotal > 0 && critAppTotal === critAppRunning
    const isLost = row?.critAppAdminStatus === 'up' && row.critAppOperStatus === 'down'
    if (allRan && !allRun && isLost && critAppTrapWhenNotAllRunning) {
      const sentence = `${row.critAppProcName} is down: ${critAppRunning} of ${critAppTotal} processes run`
      host?.notify(critAppNotAllRunning, row, { ...row, critAppTotal, critAppRunning }, sentence)
    }
    if (allRun && !allRan && critAppTrapWhenAllRunning) {
      sayAllRun()
      if (critAppAllRunningInterval > 0)
        repetition = host?.clock.every(critAppAllRunningInterval * 1000, () => sayAllRun())
    }
    if (!allRun) repetition?.cancel()
    allRan = allRun
  }
  const sayAllRun = (): void => {
    const now = counts()
    host?.notify(critAppAllNowRunning, {}, now, `all ${now.critAppTotal} processes that are wanted run`)
  }

  const show = (process: SupervisedProcess): ProcRow | undefined => {
    const critAppProcIndex = process.spec.index
    processes.table.patch({ critAppProcIndex }, stateOf(process))
    return processes.table.get({ critAppProcIndex })
  }

  const module: MibModule = {
    name: 'critapp',
    description: 'CASTELLAN-CRITAPP-MIB: supervision of critical applications',
    oid: oid(`${castellanArc}.12.29`),
    tables: [processes, globals].map(anyServing),
    notifications: [
      critAppProcExited,
      critAppProcStarted,
      critAppNotAllRunning,
      critAppAllNowRunning,
      critAppRestartFailed,
    ],
    async start(moduleHost) {
      host = moduleHost
      supervisor = new Supervisor({
        clock: host.clock,
        log: host.log,
        home: home.root,
        pidFileOf: (name) => pidFileOf(home, name),
        pidFolders: [foldersOf(home, 'subagents').run, foldersOf(home, 'sipd').run],
        outputFolder: join(foldersOf(home, 'subagents').logs, 'critapp'),
        systemctl: ['systemctl'],
        launcher,
        check: healthCheck(sipPing),
        events: {
          changed: (process) => void show(process),
          started(process, sentence) {
            const row = show(process)
            if (row?.critAppTrapOnStart) moduleHost.notify(critAppProcStarted, row, row, sentence)
            judge(row)
          },
          exited(process, sentence) {
            const row = show(process)
            if (row?.critAppTrapOnExit) moduleHost.notify(critAppProcExited, row, row, sentence)
            judge(row)
          },
          failed(process, sentence) {
            const row = show(process)
            if (row) moduleHost.notify(critAppRestartFailed, row, row, sentence)
          },
        },
      })
      const active = [...processes.table.rows()].filter((row) => row.critAppProcRowStatus === 'active')
      supervisor.configureAll(active.map((row) => ({ spec: specOf(row) })))
      supervisor.start()
    },
    async stop() {
      repetition?.cancel()
      supervisor?.stop()
    },
  }
  const rules = {
    get commandsWritable(): boolean {
      return globals.table.get({})!.critAppCommandsWritable
    },
  }
  /** What an operator on this machine orders; `set` does a SET of this module. */
  const order = async (
    wish: Order,
    name: string,
    set: (varbinds: readonly SetVarbind[]) => Promise<void>,
  ): Promise<string> => {
    if (!supervisor || !host) return notSupervised
    const want = async (index: number, adminStatus: 'up' | 'down'): Promise<void> => {
      const { oid, syntax } = critAppProcTable.columns.critAppAdminStatus
      host?.log.notice('an operator sets critAppAdminStatus', { name, adminStatus })
      await set([{ name: [...oid, index], value: syntax.toSnmp(adminStatus), position: 1 }])
    }
    return obey(wish, name, { clock: host.clock, supervisor, want })
  }
  const apps = (): AppState[] =>
    [...processes.table.rows()]
      .filter((row) => row.critAppProcRowStatus === 'active')
      .map((row) => ({
        name: row.critAppProcName,
        wanted: row.critAppAdminStatus,
        isUp: row.critAppOperStatus === 'up',
        state: row.critAppProcState,
        lastError: `${row.critAppLastError}${quoted(supervisor?.find(row.critAppProcIndex)?.lastSaid ?? '')}`,
      }))
  return {
    module,
    configured: [anyServing(processes), anyServing(globals)],
    rules,
    checks: [processRule],
    machineChecks: [programRule],
    order,
    apps,
  }
}

/** An application as `castellan start` has to know it. */
export interface AppState {
  readonly name: string
  readonly wanted: 'up' | 'down'
  readonly isUp: boolean
  readonly state: ProcRow['critAppProcState']
  readonly lastError: string
}

/** What somebody wants now, in contrast to what a row is. */
function isOrder(column: string): boolean {
  return column === 'critAppAdminStatus' || column === 'critAppGracefulRestart'
}

function specOf(row: ProcRow): ProcessSpec {
  return {
    index: row.critAppProcIndex,
    name: row.critAppProcName,
    startCommand: row.critAppStartCommand,
    terminateCommand: row.critAppTerminateCommand,
    adminStatus: row.critAppAdminStatus,
    restartOnExit: row.critAppRestartOnExit,
    restartIntervalMs: row.critAppRestartInterval * 10,
    findOnStartup: row.critAppFindOnStartup,
    stopTimeoutSeconds: row.critAppStopTimeout,
    gracefulCommand: row.critAppGracefulCommand,
    maxRestarts: row.critAppMaxRestarts,
    restartWindowMs: row.critAppRestartWindow * 1000,
    startOrder: row.critAppStartOrder,
    unit: row.critAppUnit,
    health: {
      kind: row.critAppHealthKind,
      target: row.critAppHealthTarget,
      intervalMs: row.critAppHealthInterval * 1000,
      timeoutMs: row.critAppHealthTimeout * 1000,
      failures: row.critAppHealthFailures,
    },
  }
}

function stateOf(process: SupervisedProcess): Partial<ProcRow> {
  return {
    critAppOperStatus: process.isUp ? 'up' : 'down',
    critAppProcState: process.state,
    critAppHealthStatus: process.health,
    critAppProcPid: process.pid,
    critAppProcCount: process.count,
    critAppLastStartTime: process.lastStart,
    critAppLastExitTime: process.lastExit,
    critAppLastExitCode: process.lastExitCode,
    critAppLastExitSignal: process.lastExitSignal,
    critAppRestarts: process.restarts,
    critAppExits: process.exits,
    critAppLastError: process.lastError,
  }
}
