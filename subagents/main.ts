/**
 * The subagents' process: hosts, over AgentX, the modules that may start programs. Of what comes from the network it
 * parses the answers to its own OPTIONS alone, on sockets that are connected to whom they ask.
 */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { agentxSocket } from '../agent/trust/trust.ts'
import { Subagent } from '../agentx/subagent.ts'
import { askNode } from '../backup/node/ask-node.ts'
import { knownFeatures } from '../backup/plan/features.ts'
import { ConfigurationError } from '../lib/cnf/complaint.ts'
import { Storage } from '../lib/files/storage.ts'
import { controlSocketOf } from '../lib/home/control-socket.ts'
import { foldersOf } from '../lib/home/home.ts'
import { AuditFile } from '../lib/log/audit-file.ts'
import { anyDefinition } from '../lib/mib/declare.ts'
import { Names } from '../lib/mib/names.ts'
import { listenForControl } from '../lib/process/control.ts'
import { checkAndExit, openForCheck } from '../lib/process/daemon-check.ts'
import { openDaemon } from '../lib/process/daemon-process.ts'
import { ProgramLauncher } from '../lib/program/own-unit.ts'
import { ProgramReports } from '../lib/program/program-report.ts'
import { systemClock } from '../lib/time/clock.ts'
import { ping } from '../sipd/control/ping/exchange.ts'
import { targetOf } from '../sipd/control/ping/target.ts'
import { backupModule } from './backup/index.ts'
import type { SipPing } from './critapp/health/health.ts'
import { critappModule } from './critapp/index.ts'
import { orders } from './critapp/operator.ts'
import { rpmProgram } from './host/rpm.ts'
import { logModule } from './log/index.ts'
import { parseRotateWords } from './log/rotation/command.ts'
import { neighbours6Program } from './mib2/neighbours6.ts'
import { scriptModule } from './script/index.ts'

const { values } = parseArgs({
  options: {
    home: { type: 'string' },
    check: { type: 'boolean', default: false },
    agentx: { type: 'string' },
  },
})
const { home, log, run } = values.check ? openForCheck(values.home) : openDaemon('subagents', values.home)
const controlPath = controlSocketOf(home, 'subagents')
/** Whoever waits for the PID file waits for the master to know us; without one we work all the same. */
const connectedWithinMs = 3000

/** As `sip ping` does. */
const sipPing: SipPing = async (uri, timeoutMs) =>
  (await ping(await targetOf(home, uri, false), timeoutMs, systemClock)).status
/** What runs on behalf of rows. */
const launcher = new ProgramLauncher()
const critapp = critappModule(home, sipPing, launcher)
const storage = new Storage()
const logs = logModule(home, launcher, () => storage.figures)
const backups = backupModule(home, { launcher, knownFeatures, askNode })
/** It holds passwords and keys of devices. */
const backupFile = 'subagents/backup.cnf'
const modules = [
  { ...critapp, file: 'subagents/critagt.cnf' },
  { ...logs, file: 'subagents/logagt.cnf' },
  { ...scriptModule(home, launcher), file: 'subagents/scripts.cnf' },
  { ...backups, file: backupFile },
]
const names = new Names(
  modules.flatMap(({ module }) => module.tables.map(({ table }) => anyDefinition(table.definition))),
  modules.flatMap(({ module }) => module.notifications ?? []),
)
const subagent = new Subagent({
  home,
  clock: systemClock,
  log,
  description: 'Castellan subagents',
  address: { path: values.agentx ?? agentxSocket(home, 'subagents') },
  modules,
  resolveName: (name) => names.resolve(name),
  secretFiles: [backupFile],
})
/** `sip stop` and its like (sipd/control/supervisor.ts). */
async function orderApp(word: string, [name = '']: readonly string[]): Promise<string> {
  const order = orders.find((one) => one === word)
  if (!order) throw new Error(`apps ${word} is no order; ${orders.join(', ')} are`)
  return critapp.order(order, name, (varbinds) => subagent.set('critapp', varbinds))
}

/** What the agent shows and may not ask for itself. */
const reports = new ProgramReports(
  [neighbours6Program(foldersOf(home, 'subagents').run), rpmProgram(foldersOf(home, 'subagents').run)],
  { clock: systemClock, log },
)
const audit = new AuditFile({ path: join(foldersOf(home, 'subagents').logs, 'audit.log'), clock: systemClock, log })

/** Only asking is no order. */
function isQuestion([command, word]: readonly string[]): boolean {
  return command === 'app-states' || (command === 'backup' && word === 'rows')
}

/** What is set of a backup device may be a password. */
function audited(words: readonly string[]): readonly string[] {
  return words[0] === 'backup' ? words.slice(0, 2) : words
}

/** What `castellan apps`, `restart` and `rotate` say over the control socket. */
async function obey([command, name = '', ...more]: readonly string[]): Promise<string> {
  if (command === 'apps') return orderApp(name, more)
  if (command === 'backup') return backups.order([name, ...more], names, (varbinds) => subagent.set('backup', varbinds))
  if (command === 'rotate') return logs.rotate(parseRotateWords([name, ...more]))
  if (command === 'app-states') return JSON.stringify(critapp.apps())
  if (command !== 'restart')
    throw new Error(
      `unknown command ${command}; use restart MODULE, apps ORDER NAME, app-states or rotate [--dry-run] [NAME]`,
    )
  await subagent.restart(name)
  return `module ${name} was restarted`
}

if (values.check) await checkAndExit(() => subagent.check())

await run(async () => {
  await launcher.begin({ run: foldersOf(home, 'subagents').run, clock: systemClock, log })
  await subagent.start()
  reports.start()
  await listenForControl(controlPath, (words) =>
    isQuestion(words) ? obey(words) : audit.order('subagents.ctl', audited(words), () => obey(words)),
  )
  await subagent.connected(connectedWithinMs)
  return {
    async stop() {
      reports.stop()
      await subagent.stop()
      await rm(controlPath, { force: true })
    },
    async reload() {
      const complaints = await subagent.load()
      if (complaints.length === 0) log.notice('the configuration was read again')
      else log.error('a file is broken; what was in force stays', { error: new ConfigurationError(complaints).message })
    },
  }
})
