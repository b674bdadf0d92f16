/** The master agent put together: configuration, modules, engine, sockets and notifications, with a start and a stop. */

import { basename, join } from 'node:path'
import { closeReason } from '../agentx/pdu.ts'
import { type Complaint, ConfigurationError, formatComplaint, isWarning } from '../lib/cnf/complaint.ts'
import { messageOf } from '../lib/errors.ts'
import type { StorageFigures } from '../lib/files/storage.ts'
import { foldersOf, type Home } from '../lib/home/home.ts'
import { limitedLog } from '../lib/log/limited-log.ts'
import type { Log } from '../lib/log/log.ts'
import { anyDefinition, type Definition, type Notification } from '../lib/mib/declare.ts'
import { guardedSubtrees, isGuarded } from '../lib/mib/guarded.ts'
import { type ConfiguredModule, Hosting } from '../lib/mib/hosting.ts'
import type { ModuleHost } from '../lib/mib/module.ts'
import { Names } from '../lib/mib/names.ts'
import { isText, textVarbind } from '../lib/mib/notification-text.ts'
import { Registry } from '../lib/mib/registry.ts'
import type { AnyRow } from '../lib/mib/served.ts'
import { BindError } from '../lib/net/per-address.ts'
import { SourceAddresses } from '../lib/net/source-address.ts'
import { describePortOwner } from '../lib/proc/port-owner.ts'
import type { Oid } from '../lib/smi/oid.ts'
import type { Varbind } from '../lib/smi/value.ts'
import type { Clock, Timer } from '../lib/time/clock.ts'
import {
  type EngineIdentity,
  enginePath,
  isLatched,
  latchedAdvice,
  readEngineId,
  startIdentity,
} from '../snmp/engine-identity.ts'
import { type NotificationMessage, varbindsOf } from '../snmp/notification.ts'
import { Usm } from '../snmp/security/usm/usm.ts'
import { Statistics } from '../snmp/statistics.ts'
import { UdpListener } from '../snmp/transport/listener.ts'
import { type Address, formatAddress, parseAddress } from '../snmp/transport/udp.ts'
import { V3Messages } from '../snmp/v3-processing.ts'
import { Vacm } from './access/vacm.ts'
import { domainAccounts, makeAccounts } from './accounts.ts'
import { AgentxMaster } from './agentx/master.ts'
import { ownSubtrees } from './agentx/own-subtrees.ts'
import { type TrustDomain, type TrustDomainName, trustDomains } from './agentx/trust.ts'
import { AuditLog } from './audit.ts'
import { AuthenticationFailures } from './authentication-failures.ts'
import { Engine } from './engine.ts'
import { castellanSubagentLost, castellanSubagentReturned } from './internal/castellan-agent.ts'
import { internalModules } from './internal/index.ts'
import { authenticationFailure, coldStart, warmStart } from './internal/snmpv2-mib.ts'
import { keepLater } from './kept-later.ts'
import { EngineLocalAgent } from './local-agent.ts'
import { Originator } from './notify/originator.ts'
import { type SubagentChange, SubagentChanges } from './subagent-changes.ts'

export interface AgentOptions {
  readonly home: Home
  readonly clock: Clock
  readonly log: Log
  readonly modules: readonly ConfiguredModule[]
  /** What is served in other processes of ours: its names are known here, to files and to the audit log. */
  readonly alsoNamed?: { readonly definitions: readonly Definition[]; readonly notifications: readonly Notification[] }
  /** Security names that modules of this process act by. */
  readonly localNames?: readonly string[]
  /** What version 1 traps name as their enterprise when they are generic ones. */
  readonly sysObjectId: Oid
  /** Whether what this process writes reaches its files. */
  readonly storage?: () => StorageFigures
}

export class Agent {
  readonly names: Names
  readonly #options: AgentOptions
  readonly #registry = new Registry()
  readonly #statistics = new Statistics()
  readonly #engine: Engine
  readonly #originator: Originator
  readonly #localAgent: EngineLocalAgent
  readonly #internal: ReturnType<typeof internalModules>
  readonly #hosting: Hosting
  readonly #master: AgentxMaster
  readonly #listeners: UdpListener[] = []
  readonly #startedMs: number
  readonly #audit: AuditLog
  readonly #accounts = makeAccounts()
  /** For what subagents notify, and what the network makes a socket report. */
  readonly #limitedLog: Log
  readonly #subagentChanges: SubagentChanges
  readonly #authenticationFailures: AuthenticationFailures
  readonly #guarded: readonly Oid[]
  readonly #trustDomains: Readonly<Record<TrustDomainName, TrustDomain>>
  #engineId: Uint8Array = new Uint8Array(0)
  #usm: Usm | undefined
  #vacm = new Vacm([], [], [])
  #ageing: Timer | undefined
  #sources: SourceAddresses | undefined
  readonly #stopping = new AbortController()

  constructor(options: AgentOptions) {
    this.#options = options
    const { home, log, modules } = options
    this.#startedMs = options.clock.monotonicMs()
    this.#authenticationFailures = new AuthenticationFailures({
      clock: options.clock,
      log,
      notify: (sentence) => {
        if (this.#internal.isAuthenTrapsEnabled()) this.#notify(authenticationFailure, {}, {}, sentence)
      },
    })
    this.#subagentChanges = new SubagentChanges(options.clock, (change) => this.#subagentChanged(change))
    this.#limitedLog = limitedLog(log, options.clock, 100, 10)
    this.#internal = internalModules({
      accounts: this.#accounts,
      storage: options.storage,
      statistics: this.#statistics,
      log: log.child('internal'),
      home,
      localNames: options.localNames ?? [],
      usm: () => this.#usm,
      engineId: () => this.#engineId,
      countsOf: (target) => this.#originator.countsOf(target),
      closeSession: (id) => this.#master.closeSession(id, closeReason.byManager, 'a manager set it down'),
    })
    const all: readonly ConfiguredModule[] = [
      ...this.#internal.modules.map((module) => ({ ...module, file: 'agent/snmpd.cnf', isWhole: true })),
      ...modules,
    ]
    const definitions = [
      ...all.flatMap(({ module }) => module.tables.map(({ table }) => anyDefinition(table.definition))),
      ...(options.alsoNamed?.definitions ?? []),
    ]
    this.#guarded = guardedSubtrees(definitions)
    this.#trustDomains = trustDomains(ownSubtrees(all.filter(({ isWhole }) => isWhole)))
    this.names = new Names(definitions, [
      ...all.flatMap(({ module }) => module.notifications ?? []),
      coldStart,
      warmStart,
      authenticationFailure,
      castellanSubagentLost,
      castellanSubagentReturned,
      ...(options.alsoNamed?.notifications ?? []),
    ])
    this.#engine = new Engine({
      registry: this.#registry,
      statistics: this.#statistics,
      log: log.child('engine'),
      clock: options.clock,
      requests: this.#accounts.requests,
      onAuthenticationFailure: (remote) => this.#authenticationFailures.wrongCommunity(remote),
      onSet: (record) => this.#audit.write(record),
    })
    this.#localAgent = new EngineLocalAgent({
      engine: this.#engine,
      vacm: () => this.#vacm,
      names: this.names,
      notify: ({ trapOid, varbinds }, sentence) => this.#tell(trapOid, varbinds, sentence),
    })
    this.#audit = new AuditLog({
      path: join(foldersOf(home, 'agent').logs, 'audit.log'),
      clock: options.clock,
      log,
      names: this.names,
    })
    this.#originator = new Originator({
      log: limitedLog(log.child('notify'), options.clock),
      informs: this.#accounts.informs,
      clock: options.clock,
      statistics: this.#statistics,
      sysObjectId: () => options.sysObjectId,
      sourceFor: (destination) => this.#sources?.for(destination),
      isGuarded: (name) => isGuarded(this.names.objectOf(name) ?? {}),
      v3: () => this.#engine.v3,
      usm: () => this.#usm,
    })

    this.#hosting = new Hosting({
      home,
      log,
      modules: all,
      resolveName: (name) => this.names.resolve(name),
      secretFiles: ['agent/snmpd.cnf'], // it names communities, and holds keys
      onPersisted: (module) => {
        if (this.#internal.administration.has(module)) this.#configureEngine()
      },
    })
    for (const backend of this.#hosting.backends) this.#registry.register(backend)
    this.#master = new AgentxMaster({
      registry: this.#registry,
      clock: options.clock,
      log: log.child('agentx'),
      upTimeTicks: () => this.upTimeTicks(),
      timeoutLimitMs: () => this.#internal.agentxTimeoutLimitMs(),
      accounts: domainAccounts(this.#accounts),
      onNotify: (notification, { trust }) => this.#notifyForeign(notification, trust),
      onSession: (...change) => {
        if (!this.#stopping.signal.aborted) this.#subagentChanges.changed(...change)
      },
      onChange: () => this.#describeModules(),
    })
  }

  /** Hundredths of a second since the agent started, as sysUpTime has it. */
  upTimeTicks(): number {
    return Math.floor((this.#options.clock.monotonicMs() - this.#startedMs) / 10) % 0x1_0000_0000
  }

  get addresses(): string[] {
    return this.#listeners.map(({ local }) => formatAddress(local))
  }

  /** Reads every configuration file; all complaints of all files together, and nothing is taken when there is one. */
  async load(): Promise<readonly Complaint[]> {
    const unknown = await this.#readEngineId()
    if (unknown.length > 0) return [...unknown, ...(await this.#hosting.check())].filter((one) => !isWarning(one))
    const complaints = await this.#hosting.load()
    if (complaints.length === 0) this.#configureEngine()
    return complaints
  }

  /** What is wrong with the files, warnings included; nothing is taken, and nothing written. */
  async check(): Promise<readonly Complaint[]> {
    return [...(await this.#readEngineId()), ...(await this.#hosting.check())]
  }

  /** A new engine has none before its first start, and no file that names it. One that is kept and broken is a complaint. */
  async #readEngineId(): Promise<Complaint[]> {
    const path = enginePath(this.#options.home)
    try {
      this.#engineId = (await readEngineId(path)) ?? this.#engineId
      return []
    } catch (error) {
      return [{ file: basename(path), line: 1, column: 1, message: messageOf(error) }]
    }
  }

  /** Takes changed files while it serves: a good set of files at once, a bad one not at all; gives what is wrong with it. */
  async reload(): Promise<readonly Complaint[]> {
    const { log } = this.#options
    const complaints = await this.load()
    if (complaints.length > 0) {
      for (const complaint of complaints)
        log.error('a file is broken; what was in force stays', { complaint: formatComplaint(complaint) })
      return complaints
    }
    this.#describeModules() // AGENTX-MIB shows the time-outs that are in force
    log.notice('the configuration was read again; snmpListenEntry and agentxListenEntry change with a restart')
    this.#notify(warmStart, {}, {}, 'the agent read its configuration anew')
    return []
  }

  /** An order over this agent's control socket, which leaves a line in the audit log whatever comes of it. */
  ordered<T>(words: readonly string[], act: () => Promise<T>): Promise<T> {
    return this.#audit.order('agent.ctl', words, act)
  }

  /** Serves when it resolves. Throws ConfigurationError, or an Error that says which port could not be had. */
  async start(): Promise<void> {
    const complaints = await this.load()
    if (complaints.length > 0) throw new ConfigurationError(complaints)
    const { home, clock, log } = this.#options
    // Modules start after the sockets are had, so that a second agent on the same ports starts nothing.
    const addresses = this.#internal.listenAddresses().map((text) => parseAddress(text)!)
    for (const address of addresses) await this.#listen(address, addresses)
    this.#sources = await SourceAddresses.open()
    const identity = await startIdentity(enginePath(home), clock)
    this.#engineId = identity.engineId
    if ('retry' in identity)
      keepLater(identity, { clock, log, signal: this.#stopping.signal }, (kept) => {
        this.#serveV3(kept)
        this.#configureEngine()
      })
    else this.#serveV3(identity)
    this.#configureEngine()
    await this.#hosting.start((name) => this.#hostOf(name))
    for (const { domain, address } of this.#internal.agentxAddresses(home))
      await this.#master.listen(address, this.#trustDomains[domain])
    for (const listener of this.#listeners) listener.read()
    this.#describeModules()
    log.notice('the agent serves', { addresses: this.addresses.join(' ') })
    this.#ageing = clock.every(60_000, () => this.#internal.log.age(clock))
    this.#notify(coldStart, {}, {}, 'the agent started')
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#ageing?.cancel()
    await this.#master.stop()
    await this.#hosting.stop()
    for (const listener of this.#listeners.splice(0)) listener.stop()
    await this.#originator.stop()
    this.#audit.flush()
    this.#sources?.close()
    this.#sources = undefined
    this.#options.log.notice('the agent stopped')
  }

  #serveV3(identity: EngineIdentity): void {
    const { home, log } = this.#options
    if (isLatched(identity)) log.error(latchedAdvice, { file: enginePath(home) })
    this.#usm = new Usm(identity)
    this.#engine.v3 = new V3Messages(this.#usm, this.#statistics, this.#engine.maxMessageSize, 'own', {
      notAuthentic: (...failure) => this.#authenticationFailures.usmRefused(...failure),
      setRefused: (record) => this.#audit.write(record),
    })
  }

  /** sysORTable: modules of this process, then what subagents say of theirs. */
  #describeModules(): void {
    this.#internal.showSubagents(this.#master.state, this.upTimeTicks())
    const own = this.#hosting.backends.map(({ module }) => ({ id: module.oid, description: module.description }))
    const others = this.#master.sessions.flatMap(({ capabilities }) => [...capabilities.values()])
    this.#internal.describeModules([...own, ...others], this.upTimeTicks())
  }

  /** What a subagent tells goes out as what we tell; a sentence at its end is ours to leave out where it may not be seen. */
  #notifyForeign({ trapOid, upTimeTicks, varbinds }: NotificationMessage, { name: socket }: TrustDomain): void {
    const last = varbinds.at(-1)
    this.#limitedLog.notice('notification of a subagent', { name: this.names.format(trapOid), socket })
    this.#internal.log.add({ trapOid, upTimeTicks, varbinds }, this.#options.clock, socket)
    const isForeign = socket === 'others'
    if (!last || !isText(last)) this.#originator.send({ trapOid, upTimeTicks, varbinds, isForeign })
    else this.#originator.send({ trapOid, upTimeTicks, varbinds: varbinds.slice(0, -1), text: last, isForeign })
  }

  #subagentChanged({ event, name, socket, sentence }: SubagentChange): void {
    const values = { castellanSubagentDescription: name, castellanSubagentSocket: socket }
    this.#notify(event === 'lost' ? castellanSubagentLost : castellanSubagentReturned, {}, values, sentence)
  }

  #configureEngine(): void {
    this.#internal.guard(this.#guarded)
    const communities = this.#internal.communities()
    const vacm = this.#internal.vacm()
    this.#vacm = vacm
    this.#usm?.configure(this.#internal.users().users)
    this.#engine.configure(communities, vacm)
    this.#originator.configure(this.#internal.targets(), communities, vacm)
  }

  async #listen(address: Address, others: readonly Address[]): Promise<void> {
    const { clock, log } = this.#options
    const text = formatAddress(address)
    const listener = new UdpListener({
      address,
      clock,
      others,
      onDatagram: (bytes, remote, transport) => this.#engine.receive(bytes, remote, transport),
      onError: (where, error) =>
        this.#limitedLog.warn('a UDP socket reported an error', { address: where, error: error.message }),
    })
    try {
      await listener.start()
    } catch (error) {
      await this.stop()
      if (!(error instanceof BindError) || error.code !== 'EADDRINUSE')
        throw new Error(`listen on udp ${text}`, { cause: error })
      const owner = describePortOwner('udp', address.port)
      const where = formatAddress({ host: error.address, port: address.port })
      throw new Error(
        `udp ${where} is in use${owner ? ` by ${owner}` : ''}; stop that, or change snmpListenEntry in snmpd.cnf`,
      )
    }
    this.#listeners.push(listener)
    if (listener.hosts.length === 0)
      log.warn('no address of this machine to listen on yet; one that appears is served', { address: text })
  }

  #hostOf(name: string): ModuleHost {
    return {
      clock: this.#options.clock,
      log: this.#options.log.child(name),
      signal: this.#stopping.signal,
      localAgent: this.#localAgent,
      upTimeTicks: () => this.upTimeTicks(),
      notify: (notification, index, values, sentence) => this.#notify(notification, index, values, sentence),
    }
  }

  #notify(notification: Notification, index: AnyRow, values: AnyRow, sentence: string): void {
    this.#tell(notification.oid, varbindsOf(notification, index, values), sentence)
  }

  #tell(trapOid: Oid, varbinds: readonly Varbind[], sentence: string): void {
    this.#options.log.notice('notification', { name: this.names.format(trapOid), sentence })
    const message = { trapOid, upTimeTicks: this.upTimeTicks(), varbinds }
    const text = textVarbind(sentence)
    this.#internal.log.add({ ...message, varbinds: [...message.varbinds, text] }, this.#options.clock)
    this.#originator.send({ ...message, text })
  }
}
