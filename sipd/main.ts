/** The sipd process: reads sipd.conf, keeps the workers and the log files, and shows itself over SNMP; the traffic is the workers'. */

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { agentxSocket } from '../agent/trust/trust.ts'
import { Subagent } from '../agentx/subagent.ts'
import { messageWithCausesOf } from '../lib/errors.ts'
import { Storage } from '../lib/files/storage.ts'
import { controlSocketOf, formerControlSocketOf } from '../lib/home/control-socket.ts'
import { foldersOf, HomeError, pidFileOf } from '../lib/home/home.ts'
import { AuditFile } from '../lib/log/audit-file.ts'
import { createLog } from '../lib/log/log.ts'
import { beTheOnlyOne, keepToSignals, openHome } from '../lib/process/daemon-process.ts'
import { guardProcess } from '../lib/process/guard.ts'
import { outliveStandardStreams } from '../lib/process/standard-streams.ts'
import { commandClock, systemClock } from '../lib/time/clock.ts'
import { programVersion } from '../lib/version.ts'
import { sipModules } from '../subagents/sip/index.ts'
import type { ReadConfig } from './config/read.ts'
import { listenForOperator } from './parent/operator.ts'
import { endOrphans } from './parent/orphans.ts'
import { SipdParent } from './parent/parent.ts'
import { PidCopy } from './parent/pid-copy.ts'
import { removeWorkerSockets } from './parent/worker-sockets.ts'
import { supportedMethods } from './pipeline/serve.ts'
import { settlePrivileges } from './privileges/privileges.ts'

outliveStandardStreams()
const { values } = parseArgs({ options: { home: { type: 'string' } } })
const home = openHome('sipd', values.home)
const privileges = await settlePrivileges(home).catch(fail)
privileges.asAccount(() => beTheOnlyOne('sipd', home))
const killed = await endOrphans(home, commandClock).catch(fail)
privileges.asAccount(() => removeWorkerSockets(foldersOf(home, 'sipd').run))
privileges.asAccount(() => rmSync(formerControlSocketOf(home), { force: true }))

/** What is under way is given so long when sipd is told to stop. */
const stopWithinMs = 3000
const storage = new Storage()
const toStandardError = createLog({ component: 'sipd', write: (line) => process.stderr.write(line) })
const sipd = new SipdParent(home, systemClock, toStandardError, privileges)
guardProcess(() => sipd.log, systemClock)
sipd.onLost = () => void sipd.stop(0).finally(() => process.exit(1))
try {
  const configuration = await sipd.start()
  if (killed.length > 0)
    sipd.log.warn('workers of a sipd that was killed hung, and were killed', { pids: killed.join(' ') })
  const pidCopy = new PidCopy(home, configuration.config.PidFile, sipd.log)
  const audit = new AuditFile({
    path: join(foldersOf(home, 'sipd').logs, 'audit.log'),
    clock: systemClock,
    get log() {
      return sipd.log
    },
  })
  await listenForOperator(controlSocketOf(home, 'sipd'), sipd, audit)
  await showOverSnmp(configuration)
  process.on('SIGUSR2', () => void sipd.reopenLogs())
  await keepToSignals({
    pidFile: pidFileOf(home, 'sipd'),
    log: sipd.log,
    stop: () => pidCopy.remove().then(() => sipd.stop(stopWithinMs)),
    reload: () =>
      sipd
        .graceful()
        .catch((error: Error) =>
          sipd.log.error('there is no new generation; what was in force stays', { error: error.message }),
        ),
  })
  await pidCopy.write()
} catch (error) {
  await sipd.stop(0)
  fail(error)
}

/** The only place where sipd knows of SNMP: its face, hosted here, shown by whatever master there is. */
async function showOverSnmp({ config }: ReadConfig): Promise<void> {
  const { totals } = sipd
  const modules = sipModules({
    clock: systemClock,
    version: programVersion(),
    counters: () => totals.counters(),
    lastInboundMs: () => totals.lastInboundMs,
    lastOutboundMs: () => totals.lastOutboundMs,
    state: () => sipd.state,
    listen: config.Listen.map((endpoint) => ({
      ...endpoint,
      transports: ['udp', 'tcp'] as const,
    })),
    tlsPort: config.SipTlsEnable ? config.SipTlsPort : undefined,
    methods: supportedMethods,
    isRedirectServer: config.ServerType === 'Redirect',
    limits: () => {
      const { RegistrarMaxExpires, RegistrarDefaultExpires, RegistrarMaxUsers, MaxTransactions } =
        sipd.configuration.config
      return {
        maxExpiresSeconds: RegistrarMaxExpires,
        defaultExpiresSeconds: RegistrarDefaultExpires,
        users: RegistrarMaxUsers,
        transactions: MaxTransactions,
      }
    },
    registeredUsers: () => totals.gauges().users,
    currentTransactions: () => totals.gauges().transactions,
    connections: () => totals.gauges().connections,
    memory: () => totals.memory(),
    storage: () => totals.storage(storage.figures),
  })
  const subagent = new Subagent({
    home,
    clock: systemClock,
    log: sipd.log,
    description: 'Castellan sipd',
    address: { path: agentxSocket(home, 'sipd') },
    modules: modules.map((module) => ({ module, configured: [], file: '' })),
    resolveName: () => undefined,
  })
  await subagent.start()
}

function fail(error: unknown): never {
  process.stderr.write(`${messageWithCausesOf(error)}\n`)
  process.exit(error instanceof HomeError ? error.exitCode : 1)
}
