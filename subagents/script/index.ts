/** The script module: ties DISMAN-SCRIPT-MIB to the scripts of scripts.cnf and their runs. */
import { join } from 'node:path'
import { foldersOf, type Home } from '../../lib/home/home.ts'
import { anyServing, type MibModule, type ModuleHost } from '../../lib/mib/module.ts'
import { SingleRow } from '../../lib/mib/single-row.ts'
import { type Launcher, ownLauncher } from '../../lib/program/launcher.ts'
import { oid } from '../../lib/smi/oid.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { serveLanguages } from './languages.ts'
import { Launches } from './launches.ts'
import { Leftovers } from './leftovers.ts'
import { scriptGlobals, smScriptAbort, smScriptException, smScriptResult } from './mib.ts'
import { scriptEnvironment } from './program.ts'
import { launchRule, programRule, scriptRule } from './rules.ts'
import { RunTable } from './run-table.ts'
import { type LaunchedRun, Runs, type RunsEvents } from './runs.ts'
import { serveScripts } from './scripts.ts'

/** `launcher` runs the scripts. */
export function scriptModule(home: Home, launcher: Launcher = ownLauncher) {
  let clock = systemClock
  let runs: Runs | undefined
  const now = (): Date => new Date(clock.now())
  const globals = new SingleRow(scriptGlobals, { scriptArgumentsWritable: false })
  const rules = {
    // Code never comes over SNMP, whatever a file says.
    commandsWritable: false,
    get argumentsWritable(): boolean {
      return globals.values.scriptArgumentsWritable
    },
  }
  const scripts = serveScripts({ now, changed: () => launches.refreshAll() })
  const launches = new Launches({
    now,
    argumentsWritable: () => rules.argumentsWritable,
    scriptOf: (smScriptOwner, smScriptName) => scripts.served.table.get({ smScriptOwner, smScriptName }),
  })
  const runTable = new RunTable()
  const module: MibModule = {
    name: 'script',
    description: 'DISMAN-SCRIPT-MIB: scripts of this machine, launched on request',
    oid: oid('1.3.6.1.2.1.64'),
    tables: [...serveLanguages(), ...[scripts.served, launches.served, runTable.served, globals].map(anyServing)],
    notifications: [smScriptAbort, smScriptResult, smScriptException],
    async start(host) {
      const { log } = host
      clock = host.clock
      const leftovers = new Leftovers(join(foldersOf(home, 'subagents').run, 'scripts'))
      const ended = leftovers.endAll()
      if (ended > 0) log.notice('scripts that nobody watched any more were ended', { processes: ended })
      const events = runEvents(host, runTable, launches)
      runs = new Runs({ clock, log, leftovers, launcher, environment: scriptEnvironment(home), events })
      runTable.use(runs)
      scripts.evaluateAll()
      launches.use({ runs, clock, log })
    },
    async stop() {
      await runs?.stop()
      runs = undefined
      runTable.use(undefined)
      launches.use(undefined)
      scripts.disableAll()
    },
  }
  return {
    module,
    configured: [anyServing(scripts.served), anyServing(launches.served), anyServing(globals)],
    rules,
    checks: [scriptRule, launchRule],
    machineChecks: [programRule],
  }
}

function runEvents(host: ModuleHost, runTable: RunTable, launches: Launches): RunsEvents {
  return {
    changed: (launched) => void runTable.show(launched),
    reported(launched, kind) {
      const row = runTable.show(launched)
      const notification = kind === 'result' ? smScriptResult : smScriptException
      const report = kind === 'result' ? Buffer.from(row.smRunResult).toString('utf8') : row.smRunError
      host.notify(notification, row, row, `${nameOf(launched)} says: ${report}`)
    },
    ended(launched) {
      const row = runTable.show(launched)
      if (row.smRunExitCode === 'noError') return
      host.notify(smScriptAbort, row, row, `${nameOf(launched)} came to nothing: ${row.smRunError}`)
    },
    forgotten(launched) {
      runTable.forget(launched)
      launches.dropIfExpired(launched.launch)
    },
    maxCompleted: (launch) => launches.maxCompleted(launch),
  }
}

function nameOf({ launch, index, run }: LaunchedRun): string {
  return `script ${run.order.program.name} (run ${index} of ${launch.owner}/${launch.name})`
}
