/** The subagents' process: hosts, over AgentX, the modules that may start programs. It parses nothing that comes from the network. */
import { createWriteStream, mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Subagent } from '../agent/agentx/subagent.ts'
import { systemClock } from '../lib/clock.ts'
import { ConfigurationError } from '../lib/cnf/complaint.ts'
import { listenForControl } from '../lib/control.ts'
import { isInitialized, resolveHome } from '../lib/home.ts'
import { createLog } from '../lib/log.ts'
import { anyDefinition } from '../lib/mib/declare.ts'
import { Names } from '../lib/mib/names.ts'
import { readProcess, writePidFile } from '../lib/process.ts'
import { tellSystemd } from '../lib/systemd.ts'
import { critappModule } from './critapp/index.ts'

const { values } = parseArgs({
  options: {
    home: { type: 'string' },
    check: { type: 'boolean', default: false },
    agentx: { type: 'string' },
  },
})
const home = resolveHome(values.home)
if (!isInitialized(home)) {
  process.stderr.write(`subagents: ${home.root} is no home yet; run: castellan init --home ${home.root}\n`)
  process.exit(1)
}
mkdirSync(home.logs, { recursive: true, mode: 0o700 })
mkdirSync(home.run, { recursive: true, mode: 0o700 })
const file = createWriteStream(join(home.logs, 'subagents.log'), { flags: 'a', mode: 0o600 })
const log = createLog({ component: 'subagents', write: (line) => file.write(line) })

const modules = [{ ...critappModule(home), file: 'subagents/critagt.cnf' }]
const names = new Names(
  modules.flatMap(({ module }) => module.tables.map(({ table }) => anyDefinition(table.definition))),
  modules.flatMap(({ module }) => module.notifications ?? []),
)
const subagent = new Subagent({
  home,
  clock: systemClock,
  log,
  description: 'Castellan subagents',
  address: { path: values.agentx ?? join(home.run, 'agentx.sock') },
  modules,
  resolveName: (name) => names.resolve(name),
})

if (values.check) {
  const complaints = await subagent.load()
  if (complaints.length > 0) fail(new ConfigurationError(complaints))
  process.exit(0)
}

const pidFile = join(home.run, 'subagents.pid')
const controlPath = join(home.run, 'subagents.ctl')
/** Whoever waits for the PID file waits for the master to know us; without one we work all the same. */
const connectedWithinMs = 3000
try {
  await subagent.start()
  await listenForControl(controlPath, async ([command, name = '']) => {
    if (command !== 'restart') throw new Error(`${command} is no command; restart MODULE is`)
    await subagent.restart(name)
    return `module ${name} was restarted`
  })
  await subagent.connected(connectedWithinMs)
  await writePidFile(pidFile, readProcess(process.pid)!)
  tellSystemd(systemClock, log)
} catch (error) {
  fail(error)
}

// Its work goes on without a master and without events, so something must keep the process.
const keepAlive = setInterval(() => {}, 1 << 30)
let isStopping = false
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (isStopping) return
    isStopping = true
    clearInterval(keepAlive)
    subagent
      .stop()
      .then(() => Promise.all([pidFile, controlPath].map((path) => rm(path, { force: true }))))
      .then(() => file.end(() => process.exit(0)))
      .catch(fail)
  })
}
process.on('SIGHUP', () => {
  subagent.load().then(
    (complaints) => {
      if (complaints.length === 0) log.notice('the configuration was read anew')
      else log.error('a file is broken; what was in force stays', { error: new ConfigurationError(complaints).message })
    },
    (error: unknown) => log.error('the configuration could not be read anew', { error }),
  )
})
process.on('unhandledRejection', (error) => log.error('bug: a promise was left alone', { error }))

function fail(error: unknown): never {
  log.error('the subagents cannot start', { error: error instanceof ConfigurationError ? error.message : error })
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
