/** The AgentX master (RFC 2741 §7): listens, keeps sessions and their regions, and hands on what they notify. */
import type { Server, Socket } from 'node:net'
import { AgentxConnection, largestPayload } from '../../agentx/connection.ts'
import type { FrameHeader } from '../../agentx/decode.ts'
import { type AgentxPdu, agentxError, closeReason } from '../../agentx/pdu.ts'
import type { OctetAccount } from '../../lib/bounds/octet-account.ts'
import { limitedLog } from '../../lib/log/limited-log.ts'
import type { Log } from '../../lib/log/log.ts'
import type { Registry } from '../../lib/mib/registry.ts'
import { truncateUtf8 } from '../../lib/text/text.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import type { NotificationMessage } from '../../snmp/notification.ts'
import { domainAccounts, makeAccounts } from '../trust/accounts.ts'
import { bounds, costs } from '../trust/bounds.ts'
import type { TrustDomain, TrustDomainName } from '../trust/trust.ts'
import { type AgentxAddress, listenForSubagents, nameOf } from './listen.ts'
import { MasterSession } from './master-session.ts'
import type { OpenSessions } from './open-sessions.ts'
import { Registrations } from './registrations.ts'
import { longestDescription, type Reply, SessionRequests } from './session-requests.ts'
import type { AgentxState } from './state.ts'
import { unread } from './unread.ts'

export interface MasterOptions {
  readonly registry: Registry
  /** Empty; sessions that are opened are put there, for others to see and to close. */
  readonly sessions?: OpenSessions
  readonly clock: Clock
  readonly log: Log
  readonly upTimeTicks: () => number
  /** For a session that names no time-out of its own. */
  readonly defaultTimeoutMs?: number
  /**
   * The longest a request waits for a subagent. RFC 2741 lets one ask for 255 s (libnetsnmp does so for every region),
   * and no manager waits that long.
   */
  readonly timeoutLimitMs?: () => number
  /** A subagent's notification, without sysUpTime.0 and snmpTrapOID.0. */
  readonly onNotify: (notification: NotificationMessage, session: MasterSession) => void
  /**
   * serving: the session registered its first region. lost: a session that served something ended otherwise than by its
   * own Close with reasonShutdown. One that never registered anything, such as agentxtrap's, is neither.
   */
  readonly onSession?: (event: 'serving' | 'lost', session: MasterSession, reason: string) => void
  /** For AGENTX-MIB and sysORTable: sessions, registrations or capabilities are others than before. */
  readonly onChange?: () => void
  /** What the sessions and connections of each trust domain may hold. */
  readonly accounts?: Readonly<Record<TrustDomainName, OctetAccount>>
}

/** AGENTX-MIB and sysORTable are as old as this at most, while sessions and registrations change. */
const showEveryMs = 250
const lookEveryMs = 1000
/** What AGENTX-MIB and sysORTable show is another after these. */
const changing = new Set<AgentxPdu['type']>(['register', 'unregister', 'addAgentCaps', 'removeAgentCaps'])
interface ConnectionRecord {
  readonly index: number
  readonly openTicks: number
  readonly address: string
  readonly trust: TrustDomain
  /** Since when it has had no session; undefined while it has one. */
  withoutSessionMs: number | undefined
  /** Since when it has been in the middle of a PDU, as far as was looked. */
  partialMs: number | undefined
}

export class AgentxMaster {
  readonly #options: MasterOptions
  readonly #defaultTimeoutMs: number
  readonly #timeoutLimitMs: () => number
  readonly #servers: Server[] = []
  readonly #log: Log
  readonly #accounts: Readonly<Record<TrustDomainName, OctetAccount>>
  readonly #connections = new Map<AgentxConnection, ConnectionRecord>()
  readonly #sessions: OpenSessions
  readonly #registrations = new Registrations()
  readonly #requests: SessionRequests
  #lastSessionId = 0
  #lastConnection = 0
  #hasChanged = false
  /** Until the next change may be shown. */
  #showing: Timer | undefined
  /** Looks for connections that take too long. */
  #looking: Timer | undefined
  #isStopping = false

  constructor(options: MasterOptions) {
    this.#options = options
    this.#sessions = options.sessions ?? new Map()
    this.#defaultTimeoutMs = options.defaultTimeoutMs ?? 5000
    this.#timeoutLimitMs = options.timeoutLimitMs ?? (() => 5000)
    this.#accounts = options.accounts ?? domainAccounts(makeAccounts())
    // Whatever a subagent does again and again must not fill the log.
    this.#log = limitedLog(options.log, options.clock)
    this.#requests = new SessionRequests({
      registry: options.registry,
      registrations: this.#registrations,
      clock: options.clock,
      log: this.#log,
      upTimeTicks: options.upTimeTicks,
      onNotify: options.onNotify,
      onServing: (session) => options.onSession?.('serving', session, ''),
    })
  }

  get sessions(): MasterSession[] {
    return [...this.#sessions.values()].map(({ session }) => session)
  }

  /** For AGENTX-MIB. */
  get state(): AgentxState {
    const limitMs = this.#timeoutLimitMs()
    const connections = [...this.#connections].map(([connection, { index, openTicks, address }]) => ({
      index,
      openTicks,
      address,
      sessions: this.#sessionsOf(connection).map(({ session }) => session),
    }))
    const registrations = Array.from(this.#registrations.values(), ({ index, session, registration, isInstance }) => {
      const { connection } = this.#sessions.get(session.id)!
      return {
        ...registration,
        timeoutSeconds: Math.min(registration.timeoutSeconds, limitMs / 1000),
        index,
        isInstance,
        session: session.id,
        connection: this.#connections.get(connection)?.index ?? 0,
      }
    })
    return { defaultTimeoutMs: Math.min(this.#defaultTimeoutMs, limitMs), connections, registrations }
  }

  /** Throws when the socket cannot be had. Those who connect there may do what the domain says. */
  async listen(address: AgentxAddress, trust: TrustDomain): Promise<void> {
    const name = nameOf(address)
    const server = await listenForSubagents(address, (socket) => this.#accept(socket, name, trust), this.#log)
    server.on('error', (error) => this.#log.warn('the AgentX socket reported an error', { error: error.message }))
    server.on('drop', () => {
      this.#accounts[trust.name].refuse()
      this.#log.warn('closed a connection at once: its AgentX socket has too many', { socket: name })
    })
    this.#servers.push(server)
    this.#looking ??= this.#options.clock.every(lookEveryMs, () => this.#look())
  }

  /** Closes every session with reasonShutdown; resolves when the sockets are closed. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#showing?.cancel()
    this.#looking?.cancel()
    for (const { session } of [...this.#sessions.values()])
      this.#close(session, closeReason.shutdown, 'the agent stops')
    for (const connection of this.#connections.keys()) connection.close()
    for (const server of this.#servers.splice(0)) await new Promise<void>((resolve) => server.close(() => resolve()))
  }

  #accept(socket: Socket, address: string, trust: TrustDomain): void {
    this.#lastConnection++
    const index = this.#lastConnection
    const account = this.#accounts[trust.name]
    const holder = `connection ${index}`
    const connection: AgentxConnection = new AgentxConnection(
      socket,
      {
        reads: (header) => this.#reads(connection, header),
        pdu: (pdu) => this.#receive(connection, trust, pdu),
        broken: (header, error) => {
          this.#log.warn('cannot read a PDU of a subagent', { error: error.message })
          // §7.2.2: a request is answered with parseError; what was an answer closes its session.
          const session = header && this.#sessions.get(header.sessionId)
          if (session?.connection === connection)
            this.#close(session.session, closeReason.parseError, 'it sent a PDU that cannot be read')
          else if (header) this.#respond(connection, header, { error: agentxError.parseError })
        },
        closed: () => {
          this.#connections.delete(connection)
          for (const { session } of this.#sessionsOf(connection)) this.#forget(session, 'its connection ended')
          this.#changed()
        },
      },
      {
        largestPayload: () => (record.withoutSessionMs === undefined ? largestPayload : bounds.largestOpen),
        hold: (octets) => account.take(octets, holder),
        release: (octets) => account.give(octets, holder),
      },
    )
    const { clock, upTimeTicks } = this.#options
    const record: ConnectionRecord = {
      index,
      openTicks: upTimeTicks(),
      address,
      trust,
      withoutSessionMs: clock.monotonicMs(),
      partialMs: undefined,
    }
    this.#connections.set(connection, record)
    this.#makeRoom(trust)
    this.#changed()
  }

  /** Of the connections without a session the oldest gives way: an honest one opens its session at once. */
  #makeRoom(trust: TrustDomain): void {
    const idle = [...this.#connections].filter(
      ([, record]) => record.trust === trust && record.withoutSessionMs !== undefined,
    )
    if (idle.length > bounds.connectionsWithoutSession)
      this.#abort(idle[0]![0], trust, 'too many connections have no session')
  }

  #look(): void {
    const now = this.#options.clock.monotonicMs()
    for (const [connection, record] of [...this.#connections]) {
      record.partialMs = connection.isPartial ? (record.partialMs ?? now) : undefined
      const { withoutSessionMs = now, partialMs = now, trust } = record
      if (now - withoutSessionMs >= bounds.patienceMs) this.#abort(connection, trust, 'it opened no session in time')
      else if (now - partialMs >= bounds.patienceMs) this.#abort(connection, trust, 'it did not end a PDU in time')
    }
  }

  #abort(connection: AgentxConnection, trust: TrustDomain, why: string): void {
    this.#accounts[trust.name].refuse()
    this.#log.warn('closed a connection of a subagent', { domain: trust.name, why })
    connection.abort()
  }

  #sessionsOf(connection: AgentxConnection) {
    return [...this.#sessions.values()].filter((one) => one.connection === connection)
  }

  /** Answers what its header alone condemns. */
  #reads(connection: AgentxConnection, header: FrameHeader): boolean {
    const found = this.#sessions.get(header.sessionId)
    const session = found?.connection === connection ? found.session : undefined
    const verdict = unread(header, session)
    if (verdict === undefined) return true
    if (verdict !== 'ignored') {
      const { error, why } = verdict
      const reply = session && why ? this.#requests.refuseUnread(session, error, why) : { error }
      this.#respond(connection, header, reply)
    }
    return false
  }

  #receive(connection: AgentxConnection, trust: TrustDomain, pdu: AgentxPdu): void {
    if (pdu.type === 'open') {
      this.#open(connection, trust, pdu)
      return
    }
    const found = this.#sessions.get(pdu.sessionId)
    if (!found || found.connection !== connection) {
      if (pdu.type !== 'response') this.#respond(connection, pdu, { error: agentxError.notOpen })
      return
    }
    const { session } = found
    if (pdu.type === 'response') {
      session.receive(pdu)
      return
    }
    if (pdu.context !== '') {
      this.#respond(connection, pdu, { error: agentxError.unsupportedContext })
      return
    }
    this.#respond(connection, pdu, this.#process(session, pdu))
    if (pdu.type === 'close') this.#forget(session, 'it closed its session', pdu.reason === closeReason.shutdown)
    if (changing.has(pdu.type)) this.#changed()
  }

  #process(session: MasterSession, pdu: AgentxPdu): Reply {
    const requests = this.#requests
    switch (pdu.type) {
      case 'register':
        return requests.register(session, pdu)
      case 'unregister':
        return requests.unregister(session, pdu)
      case 'notify':
        return requests.notify(session, pdu)
      case 'indexAllocate':
        return requests.allocate(session, pdu)
      case 'indexDeallocate':
        return requests.deallocate(session, pdu)
      case 'addAgentCaps':
        return requests.addCapability(session, pdu)
      case 'removeAgentCaps':
        return requests.removeCapability(session, pdu)
      case 'close':
      case 'ping':
        return { error: agentxError.noAgentXError }
      default:
        // Requests go from master to subagent, never the other way.
        return { error: agentxError.processingError }
    }
  }

  #open(connection: AgentxConnection, trust: TrustDomain, pdu: Extract<AgentxPdu, { type: 'open' }>): void {
    const { clock, upTimeTicks } = this.#options
    const account = this.#accounts[trust.name]
    const ofDomain = [...this.#sessions.values()].filter(({ session }) => session.trust === trust).length
    const id = this.#newSessionId()
    if (ofDomain >= trust.sessionsAtMost || this.#isStopping || !account.take(costs.session, id)) {
      account.refuse()
      this.#log.warn('refused a session: its AgentX socket has too many, or no more octets', { domain: trust.name })
      this.#respond(connection, pdu, { error: agentxError.openFailed })
      return
    }
    const session: MasterSession = new MasterSession({
      id,
      trust,
      account,
      objectId: pdu.id,
      description: truncateUtf8(pdu.description, longestDescription),
      openTicks: upTimeTicks(),
      timeoutMs: pdu.timeoutSeconds > 0 ? pdu.timeoutSeconds * 1000 : this.#defaultTimeoutMs,
      timeoutLimitMs: this.#timeoutLimitMs,
      clock,
      send: (transactionId, packetId, body) =>
        connection.send({ flags: 0, sessionId: id, transactionId, packetId }, body),
      onHung: () => this.#close(session, closeReason.timeouts, 'it did not answer three requests in a row'),
    })
    this.#sessions.set(id, { session, connection, close: (reason, why) => this.#close(session, reason, why) })
    const record = this.#connections.get(connection)
    if (record) record.withoutSessionMs = undefined
    this.#log.notice('a subagent opened a session', { session: id, description: session.name })
    this.#respond(connection, { ...pdu, sessionId: id }, { error: agentxError.noAgentXError })
    this.#changed()
  }

  #close(session: MasterSession, reason: number, why: string): void {
    const found = this.#sessions.get(session.id)
    if (!found) return
    found.connection.send({ flags: 0, sessionId: session.id, transactionId: 0, packetId: 0 }, { type: 'close', reason })
    this.#forget(session, why)
    if (this.#sessionsOf(found.connection).length === 0) found.connection.close()
  }

  #forget(session: MasterSession, why: string, isOrderly = false): void {
    const connection = this.#sessions.get(session.id)?.connection
    if (!this.#sessions.delete(session.id)) return
    this.#requests.forget(session)
    session.account.give(costs.session, session.id)
    session.close()
    const record = connection && this.#connections.get(connection)
    if (record && this.#sessionsOf(connection).length === 0) record.withoutSessionMs = this.#options.clock.monotonicMs()
    this.#log.notice('a session of a subagent ended', { session: session.id, description: session.name, why })
    if (session.hasServed && !isOrderly) this.#options.onSession?.('lost', session, why)
    this.#changed()
  }

  #respond(
    connection: AgentxConnection,
    { sessionId, transactionId, packetId }: { sessionId: number; transactionId: number; packetId: number },
    { error, index = 0, varbinds = [] }: Reply,
  ): void {
    connection.send(
      { flags: 0, sessionId, transactionId, packetId },
      { type: 'response', upTimeTicks: this.#options.upTimeTicks(), error, index, varbinds },
    )
  }

  /** Showing all is as much work as there are registrations, and a subagent that comes makes hundreds of changes. */
  #changed(): void {
    this.#hasChanged = true
    if (this.#showing || this.#isStopping) return
    this.#showing = this.#options.clock.after(0, () => this.#show())
  }

  #show(): void {
    this.#hasChanged = false
    this.#options.onChange?.()
    this.#showing = this.#options.clock.after(showEveryMs, () => {
      this.#showing = undefined
      if (this.#hasChanged) this.#changed()
    })
  }

  #newSessionId(): number {
    do this.#lastSessionId = (this.#lastSessionId % 0x7fff_ffff) + 1
    while (this.#sessions.has(this.#lastSessionId))
    return this.#lastSessionId
  }
}
