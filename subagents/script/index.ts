/** The script module: ties DISMAN-SCRIPT-MIB to the scripts of scripts.cnf and their runs. */
import { join } from 'node:path'
import { foldersOf, type Home } from '../../lib/home/home.ts'
import type { RowOf } from '../../lib/mib/declare.ts'
import { anyServing, type MibModule, type ModuleHost, serve } from '../../lib/mib/module.ts'
import { type Launcher, ownLauncher } from '../../lib/program/launcher.ts'
import { oid } from '../../lib/smi/oid.ts'
import { serveLanguages } from './languages.ts'
import { controlRun, serveLaunches } from './launches.ts'
import { Leftovers } from './leftovers.ts'
import { scriptGlobals, smRunTable, smScriptAbort, smScriptException, smScriptResult } from './mib.ts'
import { scriptEnvironment } from './program.ts'
import { launchRule, programRule, scriptRule } from './rules.ts'
import { type LaunchedRun, Runs } from './runs.ts'
import { serveScripts } from './scripts.ts'
import { mayHappen } from './states.ts'

type RunRow = RowOf<typeof smRunTable>

/** `launcher` runs the scripts. */
export function scriptModule(home: Home, launcher: Launcher = ownLauncher) {
  let host: ModuleHost | undefined
  let runs: Runs | undefined
  const now = (): Date => new Date(host?.clock.now() ?? Date.now())

  const globals = serve(scriptGlobals)
  globals.table.put({ scriptArgumentsWritable: false })
  const rules = {
    // Code never comes over SNMP, whatever a file says.
    commandsWritable: false,
    get argumentsWritable(): boolean {
      return globals.table.get({})?.scriptArgumentsWritable ?? false
    },
  }
  const launches = serveLaunches({
    argumentsWritable: () => rules.argumentsWritable,
    now,
    running: () => (host && runs ? { runs, clock: host.clock, log: host.log } : undefined),
    scriptOf: (smScriptOwner, smScriptName) => scripts.served.table.get({ smScriptOwner, smScriptName }),
  })
  const scripts = serveScripts({ now, changed: () => launches.refreshAll() })

  const launchedOf = (row: RunRow): LaunchedRun | undefined =>
    runs?.find({ owner: row.smLaunchOwner, name: row.smLaunchName }, row.smRunIndex)
  const served = serve(smRunTable, {
    live: {
      smRunLifeTime: (row) => launchedOf(row)?.run.lifeTime.ticks ?? 0,
      smRunExpireTime: (row) => launchedOf(row)?.expireTime.ticks ?? 0,
    },
    test({ before, wishes }) {
      const launched = before && launchedOf(before)
      const control = wishes.smRunControl ?? 'nop'
      if (control !== 'nop' && !(launched && mayHappen(launched.run.state, control)))
        return { status: 'inconsistentValue', column: 'smRunControl' }
      return undefined
    },
    commit: ({ after, wishes }) => ({
      finish: () => {
        const launched = after && launchedOf(after)
        if (!launched) return
        const { smRunLifeTime, smRunExpireTime, smRunControl = 'nop' } = wishes
        if (smRunExpireTime !== undefined) launched.expireTime.set(smRunExpireTime)
        if (smRunLifeTime !== undefined && !launched.run.isOver) launched.run.limit(smRunLifeTime)
        controlRun(launched.run, smRunControl)
      },
    }),
  })

  const show = (launched: LaunchedRun): RunRow => {
    const control = served.table.get(indexOf(launched))?.smRunControl ?? 'nop'
    const row = rowOf(launched, control)
    served.table.put(row)
    return row
  }

  const module: MibModule = {
    name: 'script',
    description: 'DISMAN-SCRIPT-MIB: scripts of this machine, launched on request',
    oid: oid('1.3.6.1.2.1.64'),
    tables: [
      ...serveLanguages(),
      anyServing(scripts.served),
      anyServing(launches.served),
      anyServing(served),
      anyServing(globals),
    ],
    notifications: [smScriptAbort, smScriptResult, smScriptException],
    async start(moduleHost) {
      host = moduleHost
      const { clock, log } = moduleHost
      const leftovers = new Leftovers(join(foldersOf(home, 'subagents').run, 'scripts'))
      const ended = leftovers.endAll()
      if (ended > 0) log.notice('scripts that nobody watched any more were ended', { processes: ended })
      runs = new Runs({
        clock,
        log,
        leftovers,
        launcher,
        environment: scriptEnvironment(home),
        events: {
          changed: (launched) => void show(launched),
          reported(launched, kind) {
            const row = show(launched)
            const notification = kind === 'result' ? smScriptResult : smScriptException
            const said = kind === 'result' ? Buffer.from(row.smRunResult).toString('utf8') : row.smRunError
            moduleHost.notify(notification, row, row, `${nameOf(launched)} says: ${said}`)
          },
          ended(launched) {
            const row = show(launched)
            if (row.smRunExitCode === 'noError') return
            moduleHost.notify(smScriptAbort, row, row, `${nameOf(launched)} came to nothing: ${row.smRunError}`)
          },
          forgotten(launched) {
            served.table.delete(indexOf(launched))
            launches.dropIfExpired(launched.launch)
          },
          maxCompleted: launches.maxCompleted,
        },
      })
      scripts.evaluateAll()
      launches.refreshAll()
    },
    async stop() {
      await runs?.stop()
      runs = undefined
      served.table.replaceAll([])
      launches.disableAll()
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

function indexOf({ launch, index }: LaunchedRun): Pick<RunRow, 'smLaunchOwner' | 'smLaunchName' | 'smRunIndex'> {
  return { smLaunchOwner: launch.owner, smLaunchName: launch.name, smRunIndex: index }
}

function rowOf(launched: LaunchedRun, smRunControl: RunRow['smRunControl']): RunRow {
  const { run } = launched
  return {
    ...indexOf(launched),
    smRunArgument: run.order.argument,
    smRunStartTime: run.startTime,
    smRunEndTime: run.endTime,
    smRunExitCode: run.exitCode,
    smRunResult: run.result,
    smRunControl,
    smRunState: run.state,
    smRunError: run.error,
    smRunResultTime: run.resultTime,
    smRunErrorTime: run.errorTime,
  }
}

function nameOf({ launch, index, run }: LaunchedRun): string {
  return `script ${run.order.program.name} (run ${index} of ${launch.owner}/${launch.name})`
}
