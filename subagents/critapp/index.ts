/** The critapp module: ties the declaration to the supervisor. */
import { join } from 'node:path'
import { foldersOf, type Home, pidFileOf } from '../../lib/home/home.ts'
import { anyServing, type MibModule, type ModuleHost } from '../../lib/mib/module.ts'
import type { SetVarbind } from '../../lib/mib/set.ts'
import { type Launcher, ownLauncher } from '../../lib/program/launcher.ts'
import { castellanArc } from '../../lib/smi/enterprise.ts'
import { oid } from '../../lib/smi/oid.ts'
import { serveGlobals } from './globals.ts'
import { healthCheck, type SipPing } from './health/health.ts'
import { LinuxHost } from './host/linux-host.ts'
import {
  critAppAllNowRunning,
  critAppNotAllRunning,
  critAppProcExited,
  critAppProcStarted,
  critAppProcTable,
  critAppRestartFailed,
} from './mib.ts'
import { Notifier } from './notifier.ts'
import { notSupervised, type Order, obey } from './operator.ts'
import { serveProcTable } from './proc-table.ts'
import { Requests } from './requests.ts'
import { type AppState, activeRows, appStateOf, specOf } from './rows.ts'
import { processRule, programRule } from './rules.ts'
import { Supervisor } from './supervision/supervisor.ts'

export type { AppState } from './rows.ts'

type Set = (varbinds: readonly SetVarbind[]) => Promise<void>

/** What there is while the module runs. */
interface Work {
  readonly host: ModuleHost
  readonly supervisor: Supervisor
  readonly notifier: Notifier
}

/** `sipPing` is what a health check of kind `sip` asks with; `launcher` runs start commands. */
export function critappModule(home: Home, sipPing: SipPing, launcher: Launcher = ownLauncher) {
  let work: Work | undefined
  const requests = new Requests(
    (index) => processes.table.get({ critAppProcIndex: index })?.critAppProcRowStatus === 'active',
  )
  const processes = serveProcTable({
    upTicksOf: (index) => upTicks(work, index),
    runs: (name) => work?.supervisor.runs(name) ?? false,
    noteChange: () => globals.noteChange(work?.host.upTimeTicks() ?? 0),
    ask: (row, changes) => work && requests.ask(row, changes, work.supervisor),
    remove: (index) => work?.supervisor.remove(index),
  })
  const globals = serveGlobals(processes.table)

  const module: MibModule = {
    name: 'critapp',
    description: 'CASTELLAN-CRITAPP-MIB: supervision of critical applications',
    oid: oid(`${castellanArc}.12.29`),
    tables: [processes, globals.served].map(anyServing),
    notifications: [
      critAppProcExited,
      critAppProcStarted,
      critAppNotAllRunning,
      critAppAllNowRunning,
      critAppRestartFailed,
    ],
    async start(host) {
      const notifier = new Notifier(host, processes.table, globals)
      const supervisor = makeSupervisor({ home, host, events: notifier, sipPing, launcher })
      work = { host, supervisor, notifier }
      supervisor.configureAll(activeRows(processes.table).map((row) => ({ spec: specOf(row) })))
      supervisor.start()
    },
    async stop() {
      work?.notifier.stop()
      work?.supervisor.stop()
    },
  }
  return {
    module,
    configured: [anyServing(processes), anyServing(globals.served)],
    rules: {
      get commandsWritable(): boolean {
        return globals.scalars().critAppCommandsWritable
      },
    },
    checks: [processRule],
    machineChecks: [programRule],
    /** What an operator on this machine orders; `set` does a SET of this module. */
    order: async (order: Order, name: string, set: Set) => (work ? obeyBySet(order, name, work, set) : notSupervised),
    apps: (): AppState[] =>
      activeRows(processes.table).map((row) => appStateOf(row, work?.supervisor.find(row.critAppProcIndex)?.lastSaid)),
  }
}

interface SupervisorParts {
  readonly home: Home
  readonly host: ModuleHost
  readonly events: Notifier
  readonly sipPing: SipPing
  readonly launcher: Launcher
}

function makeSupervisor({ home, host: { clock, log }, events, sipPing, launcher }: SupervisorParts): Supervisor {
  const subagents = foldersOf(home, 'subagents')
  return new Supervisor({
    clock,
    log,
    home: home.root,
    host: new LinuxHost({
      log,
      pidFileOf: (name) => pidFileOf(home, name),
      pidFolders: [subagents.run, foldersOf(home, 'sipd').run],
      outputFolder: join(subagents.logs, 'critapp'),
      launcher,
    }),
    systemctl: ['systemctl'],
    check: healthCheck(sipPing),
    events,
  })
}

function upTicks(work: Work | undefined, index: number): number {
  const process = work?.supervisor.find(index)
  if (!work || !process) return 0
  return Math.floor((work.host.clock.monotonicMs() - process.startedMonotonicMs) / 10) % 0x1_0000_0000
}

async function obeyBySet(order: Order, name: string, { host, supervisor }: Work, set: Set): Promise<string> {
  const want = async (index: number, adminStatus: 'up' | 'down'): Promise<void> => {
    const { oid, syntax } = critAppProcTable.columns.critAppAdminStatus
    host.log.notice('an operator sets critAppAdminStatus', { name, adminStatus })
    await set([{ name: [...oid, index], value: syntax.toSnmp(adminStatus), position: 1 }])
  }
  return obey(order, name, { clock: host.clock, supervisor, want })
}
