/** The master agent put together: configuration, modules, engine, sockets and notifications, with a start and a stop. */

import { basename, join } from 'node:path'
import { type Complaint, ConfigurationError, formatComplaint, isWarning } from '../lib/cnf/complaint.ts'
import { messageOf } from '../lib/errors.ts'
import type { StorageFigures } from '../lib/files/storage.ts'
import { foldersOf, type Home } from '../lib/home/home.ts'
import { limitedLog } from '../lib/log/limited-log.ts'
import type { Log } from '../lib/log/log.ts'
import { guardedSubtrees, isGuarded } from '../lib/mib/guarded.ts'
import { type ConfiguredModule, Hosting } from '../lib/mib/hosting.ts'
import type { ModuleHost } from '../lib/mib/module.ts'
import { Names } from '../lib/mib/names.ts'
import { Registry } from '../lib/mib/registry.ts'
import { SourceAddresses } from '../lib/net/source-address.ts'
import type { Oid } from '../lib/smi/oid.ts'
import type { Clock, Timer } from '../lib/time/clock.ts'
import {
  type EngineIdentity,
  engineIdToStart,
  enginePath,
  isLatched,
  latchedAdvice,
  startIdentity,
} from '../snmp/engine/engine-identity.ts'
import { Statistics } from '../snmp/engine/statistics.ts'
import { LocalV3 } from '../snmp/local-v3.ts'
import { Usm } from '../snmp/security/usm/usm.ts'
import { UdpListener } from '../snmp/transport/listener.ts'
import { type Address, formatAddress, parseAddress } from '../snmp/transport/udp.ts'
import { V3Messages } from '../snmp/v3-processing.ts'
import { AgentxMaster } from './agentx/master.ts'
import type { OpenSessions } from './agentx/open-sessions.ts'
import { ownSubtrees } from './agentx/own-subtrees.ts'
import { AuditLog } from './audit.ts'
import { AuthenticationFailures } from './authentication-failures.ts'
import { bindFailure } from './bind-failure.ts'
import { type Declared, declaredBy } from './declared.ts'
import { Engine } from './engine.ts'
import { castellanSubagentLost, castellanSubagentReturned } from './internal/castellan-agent.ts'
import { internalModules } from './internal/index.ts'
import { authenticationFailure, coldStart, warmStart } from './internal/snmpv2-mib.ts'
import { keepLater } from './kept-later.ts'
import { EngineLocalAgent } from './local-agent.ts'
import { Notifications } from './notifications.ts'
import { Originator } from './notify/originator.ts'
import { type SubagentChange, SubagentChanges } from './subagent-changes.ts'
import { type Accounts, domainAccounts, makeAccounts } from './trust/accounts.ts'
import { trustDomains } from './trust/trust.ts'

export interface AgentOptions {
  readonly home: Home
  readonly clock: Clock
  readonly log: Log
  readonly modules: readonly ConfiguredModule[]
  /** What is served in other processes of ours: its names are known here, to files and to the audit log. */
  readonly alsoNamed?: Declared
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
  readonly #sources: Pick<SourceAddresses, 'for' | 'close'>
  readonly #startedMs: number
  readonly #statistics = new Statistics()
  readonly #v3: LocalV3
  readonly #originator: Originator
  readonly #internal: ReturnType<typeof internalModules>
  readonly #guarded: readonly Oid[]
  readonly #trustDomains: ReturnType<typeof trustDomains>
  readonly #audit: AuditLog
  /** For what subagents notify, and what the network makes a socket report. */
  readonly #limitedLog: Log
  readonly #notifications: Notifications
  readonly #authenticationFailures: AuthenticationFailures
  readonly #engine: Engine
  readonly #localAgent: EngineLocalAgent
  readonly #hosting: Hosting
  readonly #master: AgentxMaster
  readonly #listeners: UdpListener[] = []
  #ageing: Timer | undefined
  readonly #stopping = new AbortController()

  /** An agent that has read its files. Throws ConfigurationError with all complaints of all files when there is one. */
  static async create(options: AgentOptions): Promise<Agent> {
    const { engineId, complaints } = await readEngine(options.home)
    const agent = new Agent(options, engineId, await SourceAddresses.open())
    const found = await agent.#load(complaints)
    if (found.length === 0) return agent
    agent.#sources.close()
    throw new ConfigurationError(found)
  }

  /** What is wrong with the files, warnings included; nothing is taken, and nothing written. */
  static async check(options: AgentOptions): Promise<readonly Complaint[]> {
    const { engineId, complaints } = await readEngine(options.home)
    const agent = new Agent(options, engineId, noSources)
    return [...complaints, ...(await agent.#hosting.check())]
  }

  /** Each part is given those before it. */
  private constructor(options: AgentOptions, engineId: Uint8Array, sources: Pick<SourceAddresses, 'for' | 'close'>) {
    const { home, log, clock } = options
    const accounts = makeAccounts()
    const registry = new Registry()
    const sessions: OpenSessions = new Map()
    const statistics = this.#statistics
    this.#options = options
    this.#sources = sources
    this.#startedMs = clock.monotonicMs()
    this.#v3 = new LocalV3(engineId)
    this.#originator = new Originator({
      log: limitedLog(log.child('notify'), clock),
      informs: accounts.informs,
      clock,
      statistics,
      sysObjectId: options.sysObjectId,
      sources,
      v3: this.#v3,
    })
    this.#internal = internalModules({
      accounts,
      storage: options.storage,
      statistics,
      log: log.child('internal'),
      home,
      localNames: options.localNames ?? [],
      v3: this.#v3,
      counts: this.#originator,
      sessions,
    })
    const { modules, definitions, notifications } = declaredBy(this.#internal.modules, options)
    this.#guarded = guardedSubtrees(definitions)
    this.#trustDomains = trustDomains(ownSubtrees(modules.filter(({ isWhole }) => isWhole)))
    this.names = new Names(definitions, notifications)
    this.#audit = new AuditLog({
      path: join(foldersOf(home, 'agent').logs, 'audit.log'),
      clock,
      log,
      names: this.names,
    })
    this.#limitedLog = limitedLog(log, clock, 100, 10)
    this.#notifications = this.#makeNotifications()
    this.#authenticationFailures = this.#makeAuthenticationFailures()
    this.#engine = new Engine({
      registry,
      v3: this.#v3,
      statistics,
      log: log.child('engine'),
      clock,
      requests: accounts.requests,
      onAuthenticationFailure: (remote) => this.#authenticationFailures.wrongCommunity(remote),
      onSet: (record) => this.#audit.write(record),
    })
    this.#localAgent = new EngineLocalAgent({
      engine: this.#engine,
      rights: this.#engine,
      names: this.names,
      notify: ({ trapOid, varbinds }, sentence) => this.#notifications.send(trapOid, varbinds, sentence),
    })
    this.#hosting = this.#makeHosting(modules)
    for (const backend of this.#hosting.backends) registry.register(backend)
    this.#master = this.#makeMaster(registry, sessions, accounts)
  }

  #makeNotifications(): Notifications {
    return new Notifications({
      clock: this.#options.clock,
      log: this.#options.log,
      limitedLog: this.#limitedLog,
      names: this.names,
      upTimeTicks: () => this.upTimeTicks(),
      notificationLog: this.#internal.log,
      originator: this.#originator,
    })
  }

  #makeAuthenticationFailures(): AuthenticationFailures {
    return new AuthenticationFailures({
      clock: this.#options.clock,
      log: this.#options.log,
      notify: (sentence) => {
        if (this.#internal.isAuthenTrapsEnabled()) this.#notifications.notify(authenticationFailure, {}, {}, sentence)
      },
    })
  }

  #makeHosting(modules: readonly ConfiguredModule[]): Hosting {
    return new Hosting({
      home: this.#options.home,
      log: this.#options.log,
      modules,
      resolveName: (name) => this.names.resolve(name),
      secretFiles: ['agent/snmpd.cnf'], // it names communities, and holds keys
      onPersisted: (module) => {
        if (this.#internal.administration.has(module)) this.#configureEngine()
      },
    })
  }

  #makeMaster(registry: Registry, sessions: OpenSessions, accounts: Accounts): AgentxMaster {
    const { log, clock } = this.#options
    const changes = new SubagentChanges(clock, (change) => this.#subagentChanged(change))
    return new AgentxMaster({
      registry,
      sessions,
      clock,
      log: log.child('agentx'),
      upTimeTicks: () => this.upTimeTicks(),
      timeoutLimitMs: () => this.#internal.agentxTimeoutLimitMs(),
      accounts: domainAccounts(accounts),
      onNotify: (notification, { trust }) => this.#notifications.forward(notification, trust),
      onSession: (...change) => {
        if (!this.#stopping.signal.aborted) changes.changed(...change)
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

  /** Reads every file, and takes them when all are good; otherwise gives all complaints of all files together. */
  async #load(ofEngine: readonly Complaint[]): Promise<readonly Complaint[]> {
    if (ofEngine.length > 0) return [...ofEngine, ...(await this.#hosting.check())].filter((one) => !isWarning(one))
    const complaints = await this.#hosting.load()
    if (complaints.length === 0) this.#configureEngine()
    return complaints
  }

  /** Takes changed files while it serves: a good set of files at once, a bad one not at all; gives what is wrong with it. */
  async reload(): Promise<readonly Complaint[]> {
    const { home, log } = this.#options
    const complaints = await this.#load((await readEngine(home)).complaints)
    if (complaints.length > 0) {
      for (const complaint of complaints)
        log.error('a file is broken; what was in force stays', { complaint: formatComplaint(complaint) })
      return complaints
    }
    this.#describeModules() // AGENTX-MIB shows the time-outs that are in force
    log.notice('the configuration was read again; snmpListenEntry and agentxListenEntry change with a restart')
    this.#notifications.notify(warmStart, {}, {}, 'the agent read its configuration again')
    return []
  }

  /** An order over this agent's control socket, which leaves a line in the audit log whatever comes of it. */
  ordered<T>(words: readonly string[], act: () => Promise<T>): Promise<T> {
    return this.#audit.order('agent.ctl', words, act)
  }

  /** Serves when it resolves. Throws an Error that says which port could not be had. */
  async start(): Promise<void> {
    const { home, clock, log } = this.#options
    // Modules start after the sockets are had, so that a second agent on the same ports starts nothing.
    const addresses = this.#internal.listenAddresses().map((text) => parseAddress(text)!)
    for (const address of addresses) await this.#listen(address, addresses)
    const identity = await startIdentity(enginePath(home), clock, this.#v3.engineId)
    if ('retry' in identity)
      keepLater(identity, { clock, log, signal: this.#stopping.signal }, (kept) => this.#serveV3(kept))
    else this.#serveV3(identity)
    await this.#internal.log.keepIn(join(foldersOf(home, 'agent').data, 'notifications.jsonl'), { clock, log })
    await this.#hosting.start((name) => this.#hostOf(name))
    for (const { domain, address } of this.#internal.agentxAddresses(home))
      await this.#master.listen(address, this.#trustDomains[domain])
    for (const listener of this.#listeners) listener.read()
    this.#describeModules()
    log.notice('the agent serves', { addresses: this.addresses.join(' ') })
    this.#ageing = clock.every(60_000, () => this.#internal.log.age(clock))
    this.#notifications.notify(coldStart, {}, {}, 'the agent started')
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#ageing?.cancel()
    await this.#master.stop()
    await this.#hosting.stop()
    for (const listener of this.#listeners.splice(0)) listener.stop()
    await this.#originator.stop()
    await this.#internal.log.stop()
    this.#audit.flush()
    this.#sources.close()
    this.#options.log.notice('the agent stopped')
  }

  #serveV3(identity: EngineIdentity): void {
    const { home, log } = this.#options
    if (isLatched(identity)) log.error(latchedAdvice, { file: enginePath(home) })
    const usm = new Usm(identity)
    const messages = new V3Messages(usm, this.#statistics, this.#engine.maxMessageSize, 'own', {
      notAuthentic: (...failure) => this.#authenticationFailures.usmRefused(...failure),
      setForOtherEngine: (requester, varbinds, remote) =>
        this.#audit.write({
          requester,
          remote,
          varbinds,
          before: [],
          status: 'snmpUnknownPDUHandlers',
          reason: 'it is for another engine',
        }),
    })
    this.#v3.serve(usm, messages)
  }

  /** sysORTable: modules of this process, then what subagents say of theirs. */
  #describeModules(): void {
    this.#internal.showSubagents(this.#master.state, this.upTimeTicks())
    const own = this.#hosting.backends.map(({ module }) => ({ id: module.oid, description: module.description }))
    const others = this.#master.sessions.flatMap(({ capabilities }) => [...capabilities.values()])
    this.#internal.describeModules([...own, ...others], this.upTimeTicks())
  }

  #subagentChanged({ event, name, socket, sentence }: SubagentChange): void {
    const values = { castellanSubagentDescription: name, castellanSubagentSocket: socket }
    this.#notifications.notify(
      event === 'lost' ? castellanSubagentLost : castellanSubagentReturned,
      {},
      values,
      sentence,
    )
  }

  #configureEngine(): void {
    this.#internal.guard(this.#guarded)
    const communities = this.#internal.communities()
    const vacm = this.#internal.vacm()
    this.#v3.configure(this.#internal.users().users)
    this.#engine.configure(communities, vacm)
    this.#originator.configure({
      targets: this.#internal.targets(),
      communities,
      vacm,
      isGuarded: (name) => isGuarded(this.names.objectOf(name) ?? {}),
    })
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
      throw bindFailure(address, error)
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
      notify: (notification, index, values, sentence) =>
        this.#notifications.notify(notification, index, values, sentence),
    }
  }
}

/** Of an agent that only checks its files. */
const noSources = { for: () => undefined, close() {} }

/** The engineID to start with; a file of it that is broken is a complaint, and the engineID then one that is not to be used. */
async function readEngine(home: Home): Promise<{ engineId: Uint8Array; complaints: readonly Complaint[] }> {
  const path = enginePath(home)
  try {
    return { engineId: await engineIdToStart(path), complaints: [] }
  } catch (error) {
    const complaint = { file: basename(path), line: 1, column: 1, message: messageOf(error) }
    return { engineId: new Uint8Array(0), complaints: [complaint] }
  }
}
