/** The sipd process: reads sipd.conf, opens its sockets, answers; signals reload, reopen and stop it. */

import { createSocket, type Socket } from 'node:dgram'
import { closeSync, openSync, writeSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Subagent } from '../agent/agentx/subagent.ts'
import { programVersion } from '../commands/version.ts'
import { systemClock } from '../lib/clock.ts'
import { resolveHome } from '../lib/home.ts'
import { createLog, type Log } from '../lib/log.ts'
import { describePortOwner } from '../lib/port-owner.ts'
import { readProcess, writePidFile } from '../lib/process.ts'
import { tellSystemd } from '../lib/systemd.ts'
import { sipModules } from '../subagents/sip/index.ts'
import type { Endpoint, SipdConfig } from './config/directives.ts'
import { logLevelOf } from './config/log-level.ts'
import { readConfig as readConfigOf } from './config/read.ts'
import { Core, supportedMethods } from './core.ts'
import { LocationStore } from './location/location.ts'
import { Registrar } from './registrar/registrar.ts'
import { SipStatistics } from './statistics.ts'
import { AnsweredRequests, kept as mostAnswered } from './transaction/answered.ts'

const { values } = parseArgs({ options: { home: { type: 'string' } } })
const home = resolveHome(values.home)
const logPath = join(home.logs, 'error_log')
const pidFile = join(home.run, 'sipd.pid')

let logDescriptor: number | undefined
let log: Log | undefined
try {
  await mkdir(home.logs, { recursive: true, mode: 0o700 })
  await mkdir(home.run, { recursive: true, mode: 0o700 })
  const config = readConfig()
  logDescriptor = openSync(logPath, 'a', 0o600)
  log = createLog({
    component: 'sipd',
    level: logLevelOf(config.LogLevel),
    write: (line) => writeSync(logDescriptor!, line),
  })
  await serve(config, log)
} catch (error) {
  const text = error instanceof Error ? error.message : String(error)
  log?.error('sipd cannot start', { error: text })
  process.stderr.write(`${text}\n`)
  process.exit(1)
}

function readConfig(): SipdConfig {
  return readConfigOf(home).config
}

async function serve(config: SipdConfig, log: Log): Promise<void> {
  const store = new LocationStore(systemClock)
  const answered = new AnsweredRequests(systemClock)
  const statistics = new SipStatistics(systemClock)
  const coreFor = (inForce: SipdConfig, socket: Socket): Core =>
    new Core({
      registrar: new Registrar(store, systemClock, {
        minExpiresSeconds: inForce.RegistrarMinExpires,
        maxExpiresSeconds: inForce.RegistrarMaxExpires,
        defaultExpiresSeconds: inForce.RegistrarDefaultExpires,
        contactsPerUser: inForce.RegistrarMaxContacts,
        users: inForce.RegistrarMaxUsers,
      }),
      answered,
      statistics,
      log,
      send: (octets, target) =>
        socket.send(octets, target.port, target.address, (error) => {
          if (error)
            log.warn('a response could not be sent', { to: `${target.address}:${target.port}`, error: error.message })
        }),
    })

  const listeners: { socket: Socket; core: Core }[] = []
  for (const endpoint of config.Listen) {
    const socket = await listen(endpoint)
    const listener = { socket, core: coreFor(config, socket) }
    socket.on('message', (octets, { address, port }) => listener.core.receive(octets, { address, port }))
    socket.on('error', (error) => log.warn('a socket reported an error', { error: error.message }))
    listeners.push(listener)
  }
  await writePidFile(pidFile, readProcess(process.pid)!)
  tellSystemd(systemClock, log)
  await showOverSnmp(config, log, store, answered, statistics)
  log.notice('sipd serves', { listen: config.Listen.map(({ address, port }) => `${address}:${port}`).join(' ') })

  process.on('SIGHUP', () => {
    try {
      const inForce = readConfig()
      for (const listener of listeners) listener.core = coreFor(inForce, listener.socket)
      log.notice('the configuration was read anew; Listen and LogLevel change with a restart')
    } catch (error) {
      log.error('the configuration is broken; what was in force stays', { error: (error as Error).message })
    }
  })
  process.on('SIGUSR2', () => {
    const reopened = openSync(logPath, 'a', 0o600)
    if (logDescriptor !== undefined) closeSync(logDescriptor)
    logDescriptor = reopened
    log.notice('the log was reopened')
  })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      for (const { socket } of listeners) socket.close()
      log.notice('sipd stops', { signal })
      void rm(pidFile, { force: true }).finally(() => process.exit(0))
    })
  }
}

/** The only place where sipd knows of SNMP: its face, hosted here, shown by whatever master there is. */
async function showOverSnmp(
  config: SipdConfig,
  log: Log,
  store: LocationStore,
  answered: AnsweredRequests,
  statistics: SipStatistics,
): Promise<void> {
  const modules = sipModules({
    clock: systemClock,
    version: programVersion(),
    statistics,
    listen: config.Listen,
    methods: supportedMethods,
    registrar: {
      maxExpiresSeconds: config.RegistrarMaxExpires,
      defaultExpiresSeconds: config.RegistrarDefaultExpires,
      users: config.RegistrarMaxUsers,
    },
    registeredUsers: () => store.size,
    currentTransactions: () => answered.size,
    maxTransactions: mostAnswered,
  })
  const subagent = new Subagent({
    home,
    clock: systemClock,
    log,
    description: 'Castellan sipd',
    address: { path: join(home.run, 'agentx.sock') },
    modules: modules.map((module) => ({ module, configured: [], file: '' })),
    resolveName: () => undefined,
  })
  await subagent.start()
}

async function listen({ address, port }: Endpoint): Promise<Socket> {
  const socket = createSocket('udp4')
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind({ address, port, exclusive: true }, () => {
        socket.off('error', reject)
        resolve()
      })
    })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE')
      throw new Error(`listen on udp ${address}:${port}: ${(error as Error).message}`)
    const owner = describePortOwner('udp', port)
    throw new Error(
      `udp ${address}:${port} is in use${owner ? ` by ${owner}` : ''}; stop that, or change Listen in sipd.conf`,
    )
  }
  return socket
}
