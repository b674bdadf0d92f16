/** The agent's process: reads the command line, builds the agent with its modules, starts it, and listens to signals. */
import { createWriteStream, mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { declaredDefinitions, declaredNotifications } from '../commands/declared-names.ts'
import { systemClock } from '../lib/clock.ts'
import { ConfigurationError } from '../lib/cnf/complaint.ts'
import { isInitialized, resolveHome } from '../lib/home.ts'
import { createLog } from '../lib/log.ts'
import { readProcess, writePidFile } from '../lib/process.ts'
import { tellSystemd } from '../lib/systemd.ts'
import { mib2Module, sysObjectId } from '../subagents/mib2/index.ts'
import { Agent } from './agent.ts'

const { values } = parseArgs({ options: { home: { type: 'string' }, check: { type: 'boolean', default: false } } })
const home = resolveHome(values.home)
if (!isInitialized(home)) {
  process.stderr.write(`agent: ${home.root} is no home yet; run: castellan init --home ${home.root}\n`)
  process.exit(1)
}
mkdirSync(home.logs, { recursive: true, mode: 0o700 })
mkdirSync(home.run, { recursive: true, mode: 0o700 })
const file = createWriteStream(join(home.logs, 'agent.log'), { flags: 'a', mode: 0o600 })
const log = createLog({ component: 'agent', write: (line) => file.write(line) })

const agent = new Agent({
  home,
  clock: systemClock,
  log,
  sysObjectId,
  alsoNamed: { definitions: declaredDefinitions, notifications: declaredNotifications },
  modules: [{ ...mib2Module(), file: 'agent/snmpd.cnf' }],
})

if (values.check) {
  const complaints = await agent.load()
  if (complaints.length > 0) fail(new ConfigurationError(complaints))
  process.exit(0)
}

const pidFile = join(home.run, 'agent.pid')
try {
  await agent.start()
  await writePidFile(pidFile, readProcess(process.pid)!)
  tellSystemd(systemClock, log)
} catch (error) {
  fail(error)
}

let isStopping = false
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (isStopping) return
    isStopping = true
    agent
      .stop()
      .then(() => rm(pidFile, { force: true }))
      .then(() => file.end(() => process.exit(0)))
      .catch(fail)
  })
}
process.on('SIGHUP', () => {
  agent.reload().catch((error: unknown) => log.error('the configuration could not be read anew', { error }))
})
process.on('unhandledRejection', (error) => log.error('bug: a promise was left alone', { error }))

function fail(error: unknown): never {
  log.error('the agent cannot start', { error: error instanceof ConfigurationError ? error.message : error })
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
