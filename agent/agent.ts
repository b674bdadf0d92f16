/** The master agent put together: configuration, modules, engine, sockets and notifications, with a start and a stop. */
import { join } from 'node:path'
import type { Clock, Timer } from '../lib/clock.ts'
import { type Complaint, ConfigurationError, formatComplaint } from '../lib/cnf/complaint.ts'
import type { Home } from '../lib/home.ts'
import type { Log } from '../lib/log.ts'
import { ModuleBackend, type RowChange } from '../lib/mib/backend.ts'
import { ConfigFile } from '../lib/mib/config.ts'
import { anyDefinition, type Notification } from '../lib/mib/declare.ts'
import type { MibModule, ModuleHost, Serving } from '../lib/mib/module.ts'
import { Names } from '../lib/mib/names.ts'
import type { AnyRow } from '../lib/mib/served.ts'
import { describePortOwner } from '../lib/port-owner.ts'
import { RateLimit } from '../lib/rate-limit.ts'
import type { Oid } from '../lib/smi/oid.ts'
import { truncateUtf8 } from '../lib/text.ts'
import { AuditLog } from './audit.ts'
import { Registry } from './dispatch/registry.ts'
import { Engine } from './engine.ts'
import { readEngineId, startIdentity } from './engine-identity.ts'
import { castellanNotify } from './internal/castellan-agent.ts'
import { internalModules } from './internal/index.ts'
import { authenticationFailure, coldStart, warmStart } from './internal/snmpv2-mib.ts'
import { varbindsOf } from './notify/notification.ts'
import { Originator } from './notify/originator.ts'
import { Usm } from './security/usm/usm.ts'
import { Statistics } from './statistics.ts'
import { formatAddress, parseAddress, type Remote, UdpTransport } from './transport/udp.ts'
import { V3Messages } from './v3.ts'

/** A module and the tables of it that a .cnf file holds. */
export interface ConfiguredModule {
  readonly module: MibModule
  readonly configured: readonly Serving[]
  /** Its file below conf/ and data/, such as `subagents/critagt.cnf`; several modules may share one. */
  readonly file: string
}

export interface AgentOptions {
  readonly home: Home
  readonly clock: Clock
  readonly log: Log
  readonly modules: readonly ConfiguredModule[]
  /** What version 1 traps name as their enterprise when they are generic ones. */
  readonly sysObjectId: Oid
}

export class Agent {
  readonly names: Names
  readonly #options: AgentOptions
  readonly #registry = new Registry()
  readonly #statistics = new Statistics()
  readonly #engine: Engine
  readonly #originator: Originator
  readonly #internal: ReturnType<typeof internalModules>
  readonly #backends: ModuleBackend[] = []
  readonly #files: ConfigFile[] = []
  readonly #transports: UdpTransport[] = []
  readonly #startedMs: number
  readonly #audit: AuditLog
  /** Anybody can send wrong communities: they must not be able to fill logs, and the network, with notifications. */
  readonly #authenticationFailures: RateLimit
  #engineId: Uint8Array = new Uint8Array(0)
  #usm: Usm | undefined
  #ageing: Timer | undefined
  readonly #stopping = new AbortController()

  constructor(options: AgentOptions) {
    this.#options = options
    const { home, log, modules } = options
    this.#startedMs = options.clock.monotonicMs()
    this.#authenticationFailures = new RateLimit(options.clock, 10, 1)
    this.#internal = internalModules({
      statistics: this.#statistics,
      usm: () => this.#usm,
      engineId: () => this.#engineId,
      countsOf: (target) => this.#originator.countsOf(target),
    })
    const all: readonly ConfiguredModule[] = [
      ...this.#internal.modules.map((module) => ({ ...module, file: 'agent/snmpd.cnf' })),
      ...modules,
    ]
    this.names = new Names(
      all.flatMap(({ module }) => module.tables.map(({ table }) => anyDefinition(table.definition))),
      [...all.flatMap(({ module }) => module.notifications ?? []), coldStart, warmStart, authenticationFailure],
    )
    this.#engine = new Engine({
      registry: this.#registry,
      statistics: this.#statistics,
      log: log.child('engine'),
      onAuthenticationFailure: (remote) => this.#authenticationFailed(remote),
      onSet: (record) => this.#audit.write(record),
    })
    this.#audit = new AuditLog({ path: join(home.logs, 'audit.log'), clock: options.clock, log, names: this.names })
    this.#originator = new Originator({
      log: log.child('notify'),
      clock: options.clock,
      statistics: this.#statistics,
      sysObjectId: () => options.sysObjectId,
      v3: () => this.#engine.v3,
      usm: () => this.#usm,
    })

    const files = new Map<string, ConfigFile>()
    for (const file of new Set(all.map((one) => one.file))) {
      const servings = all.filter((one) => one.file === file).flatMap(({ configured }) => configured)
      files.set(file, this.#configFile(file, servings, home))
    }
    for (const { module, file } of all) {
      this.#addModule(module, async (changes) => {
        await files.get(file)!.persist(changes)
        if (this.#internal.administration.has(module)) this.#configureEngine()
      })
    }
  }

  /** Hundredths of a second since the agent started, as sysUpTime has it. */
  upTimeTicks(): number {
    return Math.floor((this.#options.clock.monotonicMs() - this.#startedMs) / 10) % 0x1_0000_0000
  }

  get addresses(): string[] {
    return this.#transports.map(({ local }) => formatAddress(local))
  }

  /** Reads every configuration file; all complaints of all files together, and nothing is taken when there is one. */
  async load(): Promise<readonly Complaint[]> {
    const { home } = this.#options
    this.#engineId = await readEngineId(join(home.data, 'agent', 'engine.json'))
    const files = await Promise.all(this.#files.map((file) => file.prepare()))
    const complaints = files.flatMap((file) => [...file.complaints])
    if (complaints.length > 0) return complaints
    for (const { apply } of files) apply()
    for (const address of this.#internal.listenAddresses()) {
      if (!parseAddress(address))
        complaints.push(inSnmpd(`snmpListenEntry ${address} is no address such as 127.0.0.1:161`))
    }
    for (const name of this.#internal.users().broken) {
      complaints.push(inSnmpd(`the keys of user ${name} do not fit its protocols; castellan user add makes them anew`))
    }
    this.#configureEngine()
    return complaints
  }

  /** Takes changed files while it serves: a good set of files at once, a bad one not at all. */
  async reload(): Promise<void> {
    const { log } = this.#options
    const complaints = await this.load()
    if (complaints.length > 0) {
      for (const complaint of complaints)
        log.error('a file is broken; what was in force stays', { complaint: formatComplaint(complaint) })
      return
    }
    log.notice('the configuration was read anew; snmpListenEntry changes with a restart')
    this.#notify(warmStart, {}, {}, 'the agent read its configuration anew')
  }

  /** Serves when it resolves. Throws ConfigurationError, or an Error that says which port could not be had. */
  async start(): Promise<void> {
    const complaints = await this.load()
    if (complaints.length > 0) throw new ConfigurationError(complaints)
    const { log } = this.#options
    // Modules start after the sockets are had, so that a second agent on the same ports starts nothing.
    for (const address of this.#internal.listenAddresses()) await this.#listen(address)
    const { home, clock } = this.#options
    this.#usm = new Usm(await startIdentity(join(home.data, 'agent', 'engine.json'), clock))
    this.#engine.v3 = new V3Messages(this.#usm, this.#statistics, this.#engine.maxMessageSize)
    this.#configureEngine()
    for (const backend of this.#backends) await backend.start(this.#hostOf(backend.name))
    for (const transport of this.#transports) {
      transport.onDatagram = (bytes, remote) => this.#engine.receive(bytes, remote, transport)
    }
    this.#internal.describeModules(
      this.#backends.map(({ module }) => module),
      this.upTimeTicks(),
    )
    log.notice('the agent serves', { addresses: this.addresses.join(' ') })
    this.#ageing = clock.every(60_000, () => this.#internal.log.age(clock.now()))
    this.#notify(coldStart, {}, {}, 'the agent started')
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#ageing?.cancel()
    for (const backend of this.#backends.toReversed()) await backend.stop()
    for (const transport of this.#transports.splice(0)) await transport.stop()
    await this.#originator.stop()
    this.#options.log.notice('the agent stopped')
  }

  #configFile(file: string, servings: readonly Serving[], home: Home): ConfigFile {
    const config = new ConfigFile(servings, {
      path: join(home.conf, file),
      overlayPath: join(home.data, file),
      secret: file === 'agent/snmpd.cnf', // it names communities
      resolveName: (name) => this.names.resolve(name),
    })
    this.#files.push(config)
    return config
  }

  #addModule(module: MibModule, persist: (changes: readonly RowChange[]) => Promise<void>): void {
    const backend = new ModuleBackend(module, { log: this.#options.log.child(module.name), persist })
    this.#registry.register(backend)
    this.#backends.push(backend)
  }

  #configureEngine(): void {
    const communities = this.#internal.communities()
    const vacm = this.#internal.vacm()
    this.#usm?.configure(this.#internal.users().users)
    this.#engine.configure(communities, vacm)
    this.#originator.configure(this.#internal.targets(), communities, vacm)
  }

  async #listen(text: string): Promise<void> {
    const address = parseAddress(text)!
    const transport = new UdpTransport(address)
    try {
      await transport.start()
    } catch (error) {
      await this.stop()
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE')
        throw new Error(`listen on udp ${text}`, { cause: error })
      const owner = describePortOwner('udp', address.port)
      throw new Error(
        `udp ${text} is in use${owner ? ` by ${owner}` : ''}; stop that, or change snmpListenEntry in snmpd.cnf`,
      )
    }
    transport.onError = (error) =>
      this.#options.log.warn('a socket reported an error', { address: text, error: error.message })
    this.#transports.push(transport)
  }

  #hostOf(name: string): ModuleHost {
    return {
      clock: this.#options.clock,
      log: this.#options.log.child(name),
      signal: this.#stopping.signal,
      upTimeTicks: () => this.upTimeTicks(),
      notify: (notification, index, values, sentence) => this.#notify(notification, index, values, sentence),
    }
  }

  #notify(notification: Notification, index: AnyRow, values: AnyRow, sentence: string): void {
    this.#options.log.notice('notification', { name: notification.name, sentence })
    const message = {
      trapOid: notification.oid,
      upTimeTicks: this.upTimeTicks(),
      varbinds: varbindsOf(notification, index, values),
    }
    const text = varbindsOf(sentenceOnly, {}, { castellanNotifyText: truncateUtf8(sentence, 1024) })[0]!
    this.#internal.log.add({ ...message, varbinds: [...message.varbinds, text] }, this.#options.clock.now())
    this.#originator.send({ ...message, text })
  }

  #authenticationFailed({ address }: Remote): void {
    if (!this.#internal.isAuthenTrapsEnabled()) return
    const held = this.#authenticationFailures.take()
    if (held === undefined) return
    const more = held > 0 ? `, and ${held} more messages before did likewise` : ''
    this.#notify(authenticationFailure, {}, {}, `${address} used a community that is not known here${more}`)
  }
}

/** Only for its varbind: the sentence that every notification of ours ends with. */
const sentenceOnly: Notification = {
  name: 'castellanNotifyText',
  oid: [],
  objects: { castellanNotifyText: castellanNotify.columns.castellanNotifyText },
}

function inSnmpd(message: string): Complaint {
  return { file: 'snmpd.cnf', line: 1, column: 1, message }
}
