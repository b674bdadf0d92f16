/** One worker's parts, and its life: made ready, serving, draining, gone. */

import { Storage } from '../../lib/files/storage.ts'
import { foldersOf, type Home } from '../../lib/home/home.ts'
import type { Log } from '../../lib/log/log.ts'
import { FaultGuard } from '../../lib/process/fault-guard.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import { pause } from '../../lib/time/pause.ts'
import { Account } from '../account/account.ts'
import { accessLogFormat } from '../config/access-log-format.ts'
import type { SipdConfig } from '../config/directives.ts'
import { type ReadConfig, readConfig } from '../config/read.ts'
import { TlsFiles } from '../config/tls-files.ts'
import { addressesOf, familiesOf, type Lookup } from '../locate/names.ts'
import { SystemNames } from '../locate/system-names.ts'
import { Registrations } from '../location/registrations.ts'
import { createErrorLog, type DebugLog } from '../log/error-log.ts'
import { compileLogFormat, type FormatLine } from '../log/log-format.ts'
import type { Hop } from '../message/hop.ts'
import type { SipUri } from '../message/uri.ts'
import type { Openness } from '../pipeline/admit.ts'
import type { RouteWatch } from '../routes/route-watch.ts'
import { createSipServer, type SipServer } from '../server/server.ts'
import { SipStatistics } from '../statistics/statistics.ts'
import { KeyHasher } from '../transaction/hash.ts'
import type { ServerTransaction } from '../transaction/server.ts'
import { Transports } from '../transport/transports.ts'
import { type Answered, accessLine } from './access-entry.ts'
import { accountSettings, connectionBounds } from './bounds.ts'
import { CallHandover } from './call-handover.ts'
import { type ConnectionNews, inboundLines, linkedConnections } from './connection-lines.ts'
import { EarlyMessages, nowUs } from './early.ts'
import { encodeHopMessage, type FrameKind, frames } from './frames.ts'
import { type Handover, handoverFrames } from './handover.ts'
import { type InboxUser, receiveFrame } from './inbox.ts'
import { Links } from './links.ts'
import { allCalls, Listings } from './listing.ts'
import { LogOutbox, type TellParent } from './log-outbox.ts'
import { encodeHashes, Ownership } from './ownership.ts'
import type { WorkerStart } from './protocol.ts'
import { isReachedBy, RegisteredConnections } from './registered-connections.ts'
import { RegistrationHandover } from './registration-handover.ts'
import { workerReport } from './report.ts'
import { routingOf } from './routing.ts'
import { identityOf, registrationSettings, serverSettings, transportSettings } from './settings.ts'
import { WindDown } from './wind-down.ts'

export interface WorkerOptions {
  readonly home: Home
  readonly start: WorkerStart
  readonly clock: Clock
  /** For names of the operator's that the DNS does not have. */
  readonly otherNames: Lookup
  readonly tell: TellParent
}

const reportEveryMs = 1000
const drainedCheckMs = 250
/** Far longer than a registration takes from one worker to the others. */
const settleMs = 50
/** What the disk is given at an end: for all that is not in the file, and where a successor writes it. */
const writtenWithinMs = 5000
const closedWithinMs = 1000

export class Worker implements InboxUser {
  readonly log: Log
  readonly listings: Listings
  readonly #options: WorkerOptions
  readonly #statistics: SipStatistics
  /** Of others, and of the operator: neither waits for what the other asks. */
  readonly #names: SystemNames
  readonly #configuredNames: SystemNames
  readonly #transports: Transports
  readonly #registrations: Registrations
  readonly #links: Links
  readonly #ownership: Ownership
  readonly #server: SipServer
  readonly #calls: CallHandover
  readonly #outbox: LogOutbox
  readonly #formatAccess: FormatLine
  readonly #reporting: Timer
  readonly #account: Account
  readonly #storage = new Storage()
  readonly #handover: RegistrationHandover
  readonly #routing: RouteWatch
  /** Until the workers before have handed over. */
  #early: EarlyMessages | undefined
  #ending: Timer | undefined

  /** Reads the configuration, the registrations, and links with the other workers. Throws what is wrong in words. */
  static async create(options: WorkerOptions): Promise<Worker> {
    const files = new TlsFiles(options.start.files)
    const worker = new Worker(options, readConfig(options.home, files.read), files)
    await worker.#prepare()
    return worker
  }

  private constructor(options: WorkerOptions, configuration: ReadConfig, files: TlsFiles) {
    this.#options = options
    const { home, start, clock } = options
    const { config } = configuration
    this.#outbox = new LogOutbox(clock, options.tell)
    const { log, debug } = createErrorLog({
      component: 'sipd',
      level: config.LogLevel,
      flags: config.DebugFlag,
      write: (line) => this.#outbox.error(line),
    })
    this.log = log
    const faults = new FaultGuard(clock, log)
    this.#statistics = new SipStatistics(clock)
    this.#account = new Account(accountSettings(configuration), clock, log)
    this.#early = new EarlyMessages(this.#account)
    this.#formatAccess = compileLogFormat(accessLogFormat(config), { serverName: config.ServerName ?? 'sipd' })
    const servers = config.NameServer
    this.#names = new SystemNames({ clock, servers })
    this.#configuredNames = new SystemNames({ clock, servers })
    this.#transports = this.#newTransports(configuration, files, faults, debug)
    this.#links = new Links({
      folder: foldersOf(home, 'sipd').run,
      worker: start.worker,
      clock,
      log: this.log,
      account: this.#account,
      onFrame: (from, kind, payload) => receiveFrame(this, from, kind, payload),
      onGone: (gone) => this.#gone(gone),
    })
    const hasher = new KeyHasher(Buffer.from(start.secret, 'hex'))
    this.#ownership = this.#newOwnership(config, hasher)
    this.#registrations = this.#newRegistrations(configuration)
    this.#handover = new RegistrationHandover({
      clock,
      registrations: this.#registrations,
      start,
      send: (other, kind, payload) => this.#links.send(other, kind, payload),
      workers: () => this.#links.workers,
    })
    this.#routing = routingOf(config, home, clock, log)
    this.#server = this.#newServer(configuration, hasher, faults, debug)
    const { calls } = this.#server
    this.#calls = new CallHandover({
      calls,
      ownership: this.#ownership,
      send: (other, kind, payload) => this.#links.send(other, kind, payload),
    })
    const { store } = this.#registrations
    this.listings = new Listings({ clock, store, calls: () => allCalls(this.#server) })
    this.#transports.onAddresses = () => this.#server.identity.setAddresses(identityOf(config).addresses)
    this.#reporting = clock.every(reportEveryMs, () => this.#report())
  }

  #newTransports(configuration: ReadConfig, files: TlsFiles, faults: FaultGuard, debug: DebugLog): Transports {
    const { home, start, clock, otherNames } = this.#options
    const linked = linkedConnections(() => this.#links)
    const transports = new Transports({
      ...transportSettings(configuration, home, files.read),
      lookup: (host) => addressesOf(host, familiesOf(configuration.config.Listen), this.#configuredNames, otherNames),
      worker: start.worker,
      ...connectionBounds(configuration, this.log),
      clock,
      log: this.log,
      faults,
      debug,
      statistics: this.#statistics,
      account: this.#account,
      onMessage: (octets, source) => {
        if (!this.#early) this.#server.core.receive(octets, source)
        else this.#early.add(nowUs(), source, octets.length, () => this.#server.core.receive(octets, source))
      },
      onFramingError: ({ head, status, detail }, source) =>
        this.#server.core.receiveUnframed(head, status, detail, source),
      isReachedBy: (user, connection) => isReachedBy(this.#registrations.store, user, connection),
      ...linked,
    })
    transports.onConnection = linked.onConnection
    return transports
  }

  #newOwnership({ SipT4InMs: holdMs }: SipdConfig, hasher: KeyHasher): Ownership {
    const { start, clock } = this.#options
    const options = {
      worker: start.worker,
      clock,
      hasher,
      holdMs,
      knows: (key: string) => this.#server.layer.knows(key),
      addressOfRecord: (uri: SipUri) => this.#server.identity.addressOfRecord(uri),
      send: (other: number, source: Hop, text: string) =>
        this.#links.send(other, frames.received, encodeHopMessage(source, text, nowUs())),
    }
    return new Ownership(options, start.members)
  }

  #newRegistrations(configuration: ReadConfig): Registrations {
    const { home, clock } = this.#options
    return new Registrations({
      ...registrationSettings(configuration, home),
      account: this.#account,
      clock,
      log: this.log,
      tell: (changes) => this.#links.broadcast(frames.changes, changes),
      hasOthers: () => this.#links.workers.length > 0,
    })
  }

  #newServer(configuration: ReadConfig, hasher: KeyHasher, faults: FaultGuard, debug: DebugLog): SipServer {
    const { start, clock, otherNames } = this.#options
    return createSipServer({
      settings: serverSettings(configuration),
      worker: start.worker,
      clock,
      log: this.log,
      faults,
      debug,
      sender: this.#transports,
      holds: this.#transports,
      store: this.#registrations.store,
      statistics: this.#statistics,
      account: this.#account,
      names: this.#names,
      configuredNames: this.#configuredNames,
      otherNames,
      signerSecret: Buffer.from(start.signerSecret, 'hex'),
      hasher,
      router: this.#routing.router,
      elsewhere: new RegisteredConnections(this.#ownership, {
        connections: this.#transports.connections,
        identity: () => this.#server.identity,
      }),
      settleMs: start.members.length > 1 ? settleMs : 0,
      isConnectionOpen: (connection) => this.#transports.isOpen(connection),
      onAnswered: (...answered) => this.#answered(...answered),
    })
  }

  async #prepare(): Promise<void> {
    const { start } = this.#options
    await this.#links.start(start.others)
    const [loaded] = await Promise.all([this.#handover.load(), this.#routing.start()])
    this.log.info('a worker is ready', { worker: start.worker, generation: start.generation, bindings: loaded })
  }

  /** Opens the sockets; nothing is answered before `begin`. */
  async serve(): Promise<void> {
    await this.#transports.start()
  }

  begin(): void {
    const early = this.#early
    this.#early = undefined
    early?.begin()
    this.#transports.begin()
  }

  /** Whoever takes a seat that was empty is told what this worker has of it. */
  setMembers(members: readonly number[]): void {
    const { layer } = this.#server
    for (const { seat, worker } of this.#ownership.setMembers(members)) {
      const stoodIn = [...layer.servers()].filter(({ request }) => this.#ownership.seatOf(request) === seat)
      this.#handOver(worker, stoodIn)
      this.#calls.toSeat(seat, worker)
    }
  }

  setOpenness(openness: Openness): void {
    this.#server.core.openness = openness
  }

  /**
   * Reads no more, and hands over to the successors: registrations, the keys under way and those held. What is in the
   * sockets' queues is theirs, for they have the same descriptors. Ends when nothing is left. Nothing here waits for the disk.
   */
  drain(successors: readonly number[], withinMs: number): void {
    const { clock } = this.#options
    this.#release()
    this.#registrations.tellNow()
    const elsewhere = this.#ownership.elsewhere()
    this.#ownership.drain(successors)
    this.#calls.toSuccessors()
    for (const successor of successors) {
      this.#handOver(successor, this.#server.layer.servers())
      for (const handover of elsewhere) this.#send(successor, handover)
    }
    void this.#handover.handOver(successors)
    const windDown = new WindDown(this.#transports.connections, clock, withinMs)
    this.#ending = clock.every(drainedCheckMs, () => {
      const { layer, held } = this.#server
      const isOver = windDown.look()
      const isIdle = layer.live === 0 && held.isEmpty && this.#transports.connections.size === 0
      if (isOver || isIdle) void this.stop(0).finally(() => process.exit(0))
    })
  }

  #handOver(to: number, live: Iterable<ServerTransaction>): void {
    const keys = [...live].map(({ key }) => key)
    const hashes = encodeHashes(this.#server.held.serverHashes())
    this.#send(to, { worker: this.#options.start.worker, keys, hashes })
  }

  #send(to: number, handover: Handover): void {
    for (const [kind, payload] of handoverFrames(handover)) this.#links.send(to, kind, payload)
  }

  #release(): void {
    // What this process still has to say leaves by the sockets of a successor.
    this.#transports.sendDatagramElsewhere = (text, hop) => {
      const message = encodeHopMessage(hop, text)
      this.#ownership.successors.some((successor) => this.#links.send(successor, frames.send, message))
    }
    this.#transports.stopListening()
  }

  /** Lets what is under way end, for so long; then everything closes. Registrations are for `successors`, where there are some. */
  async stop(withinMs: number, successors: readonly number[] = []): Promise<void> {
    const { clock } = this.#options
    this.#ending?.cancel()
    if (!this.#ownership.isDraining) this.#server.core.openness = 'refusing'
    const untilMs = clock.monotonicMs() + withinMs
    while (this.#server.layer.live > 0 && clock.monotonicMs() < untilMs) await pause(clock, 20)
    this.#transports.stop()
    this.#reporting.cancel()
    this.#routing.stop()
    const handedOver = successors.length > 0 ? this.#handover.handOver(successors) : undefined
    await this.#registrations.stop(handedOver ? closedWithinMs : writtenWithinMs)
    await handedOver
    await this.#links.stop()
    this.#server.stop()
    this.#report()
    this.#outbox.flush()
  }

  // InboxUser

  received(octets: Buffer, hop: Hop, readUs: number): void {
    const receive = (): void => this.#server.core.receiveForwarded(octets, hop)
    if (this.#early) this.#early.add(readUs, hop, octets.length, receive)
    else receive()
  }

  sendFor(text: string, hop: Hop): void {
    this.#transports.sendFor(text, hop)
  }

  heardCalls(payload: Buffer): void {
    this.#calls.receive(payload)
  }

  heardChanges(payload: Buffer): void {
    this.#registrations.heard(payload)
  }

  heldBy(worker: number, connection: string, isHeld: boolean): void {
    this.#transports.setHeldBy(worker, connection, isHeld)
  }

  heardConnections(news: readonly ConnectionNews[]): void {
    for (const { far, id, isOpen } of news) this.#transports.elsewhere.set(far, id, isOpen)
  }

  subscribe(other: number): void {
    const standing = inboundLines(this.#transports.connections.all())
    if (standing !== '') this.#links.send(other, frames.connections, Buffer.from(standing, 'latin1'))
    this.#registrations.tellNow()
    this.#links.send(other, frames.subscribed, Buffer.from([this.#handover.isWriting ? 1 : 0]))
  }

  heardOfRegistrations(other: number, kind: FrameKind, payload: Buffer): void {
    this.#handover.receive(other, kind, payload)
  }

  handedOver(handover: Handover): void {
    this.#ownership.add(handover)
  }

  #gone(worker: number): void {
    this.#ownership.forget(worker)
    this.#transports.forgetElsewhere(worker)
    this.#handover.gone(worker)
  }

  #answered(...answered: Answered): void {
    const { listeners } = this.#server.identity
    this.#outbox.access(accessLine(this.#formatAccess, listeners, this.#options.clock, answered))
  }

  #report(): void {
    const { connections } = this.#transports
    const { store } = this.#registrations
    const lines = this.#outbox.takeLost()
    if (lines > 0) this.log.error('log lines were lost: the first process of sipd did not read them in time', { lines })
    const [server, statistics, account] = [this.#server, this.#statistics, this.#account]
    this.#options.tell({
      kind: 'report',
      report: workerReport({ server, store, connections, statistics, account, storage: this.#storage }),
    })
  }
}
