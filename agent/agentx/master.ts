/** The AgentX master (RFC 2741 §7): listens, keeps sessions and their regions, and hands on what they notify. */
import type { Server, Socket } from 'node:net'
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { compareOid, formatOid } from '../../lib/smi/oid.ts'
import type { Varbind } from '../../lib/smi/value.ts'
import { truncateUtf8 } from '../../lib/text.ts'
import type { Registry } from '../dispatch/registry.ts'
import type { AgentxState } from '../internal/agentx-mib.ts'
import { type NotificationMessage, snmpTrapOidInstance, sysUpTimeInstance } from '../notify/notification.ts'
import { AgentxConnection } from './connection.ts'
import { IndexAllocator } from './indexes.ts'
import { type AgentxAddress, listenForSubagents, nameOf } from './listen.ts'
import { type AgentxPdu, agentxError, agentxFlag, closeReason, type Registration } from './pdu.ts'
import { Registrations, regionsOf, registrationKey } from './registrations.ts'
import { MasterSession } from './session-of-master.ts'

export interface MasterOptions {
  readonly registry: Registry
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
  readonly onNotify: (notification: NotificationMessage) => void
  /**
   * serving: the session registered its first region. lost: a session that served something ended otherwise than by its
   * own Close with reasonShutdown. One that never registered anything, such as agentxtrap's, is neither.
   */
  readonly onSession?: (event: 'serving' | 'lost', session: MasterSession, reason: string) => void
  /** For AGENTX-MIB and sysORTable: sessions, registrations or capabilities are others than before. */
  readonly onChange?: () => void
}

const sessionsAtMost = 256
const registrationsAtMost = 2048
/** Octets of agentxSessionDescr and sysORDescr (RFC 2742, RFC 3418). */
const longestDescription = 255
/** AGENTX-MIB and sysORTable are as old as this at most, while sessions and registrations change. */
const showEveryMs = 250
/** Of one session: a registration may be a range of many subtrees. */
const regionsAtMost = 16_384

export class AgentxMaster {
  readonly #options: MasterOptions
  readonly #defaultTimeoutMs: number
  readonly #timeoutLimitMs: () => number
  readonly #servers: Server[] = []
  readonly #connections = new Map<AgentxConnection, { index: number; openTicks: number; address: string }>()
  readonly #sessions = new Map<number, { session: MasterSession; connection: AgentxConnection }>()
  readonly #registrations = new Registrations()
  readonly #indexes = new IndexAllocator()
  #lastSessionId = 0
  #lastConnection = 0
  #hasChanged = false
  /** Until the next change may be shown. */
  #showing: Timer | undefined
  #isStopping = false

  constructor(options: MasterOptions) {
    this.#options = options
    this.#defaultTimeoutMs = options.defaultTimeoutMs ?? 5000
    this.#timeoutLimitMs = options.timeoutLimitMs ?? (() => 5000)
  }

  get sessions(): MasterSession[] {
    return [...this.#sessions.values()].map(({ session }) => session)
  }

  /** For AGENTX-MIB. */
  get state(): AgentxState {
    const limitMs = this.#timeoutLimitMs()
    const connections = [...this.#connections].map(([connection, about]) => ({
      ...about,
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

  /** Throws when the socket cannot be had. */
  async listen(address: AgentxAddress): Promise<void> {
    const { log } = this.#options
    const server = await listenForSubagents(address, (socket) => this.#accept(socket, nameOf(address)), log)
    server.on('error', (error) => log.warn('the AgentX socket reported an error', { error: error.message }))
    this.#servers.push(server)
  }

  /** Closes every session with reasonShutdown; resolves when the sockets are closed. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#showing?.cancel()
    for (const { session } of [...this.#sessions.values()])
      this.#close(session, closeReason.shutdown, 'the agent stops')
    for (const connection of this.#connections.keys()) connection.close()
    for (const server of this.#servers.splice(0)) await new Promise<void>((resolve) => server.close(() => resolve()))
  }

  /** Closes a session, as agentxSessionAdminStatus down asks. */
  closeSession(id: number, reason: number, why: string): void {
    const found = this.#sessions.get(id)
    if (found) this.#close(found.session, reason, why)
  }

  #accept(socket: Socket, address: string): void {
    const connection: AgentxConnection = new AgentxConnection(socket, {
      pdu: (pdu) => this.#receive(connection, pdu),
      broken: (header, error) => {
        this.#options.log.warn('cannot read a PDU of a subagent', { error: error.message })
        // §7.2.2: a request is answered with parseError; what was an answer closes its session.
        const session = header && this.#sessions.get(header.sessionId)
        if (session?.connection === connection)
          this.#close(session.session, closeReason.parseError, 'it sent a PDU that cannot be read')
        else if (header) this.#respond(connection, header, agentxError.parseError)
      },
      closed: () => {
        this.#connections.delete(connection)
        for (const { session } of this.#sessionsOf(connection)) this.#forget(session, 'its connection ended')
        this.#changed()
      },
    })
    this.#lastConnection++
    this.#connections.set(connection, { index: this.#lastConnection, openTicks: this.#options.upTimeTicks(), address })
    this.#changed()
  }

  #sessionsOf(connection: AgentxConnection) {
    return [...this.#sessions.values()].filter((one) => one.connection === connection)
  }

  #receive(connection: AgentxConnection, pdu: AgentxPdu): void {
    if (pdu.type === 'open') {
      this.#open(connection, pdu)
      return
    }
    const found = this.#sessions.get(pdu.sessionId)
    if (!found || found.connection !== connection) {
      if (pdu.type !== 'response') this.#respond(connection, pdu, agentxError.notOpen)
      return
    }
    const { session } = found
    if (pdu.type === 'response') {
      session.receive(pdu)
      return
    }
    const respond = (error: number, index = 0, varbinds: readonly Varbind[] = []): void =>
      this.#respond(connection, pdu, error, index, varbinds)
    if (pdu.context !== '') {
      respond(agentxError.unsupportedContext)
      return
    }
    switch (pdu.type) {
      case 'close':
        respond(agentxError.noAgentXError)
        this.#forget(session, 'it closed its session', pdu.reason === closeReason.shutdown)
        return
      case 'register':
        respond(this.#register(session, pdu, (pdu.flags & agentxFlag.instanceRegistration) !== 0))
        return
      case 'unregister':
        respond(this.#unregister(session, pdu))
        return
      case 'ping':
        respond(agentxError.noAgentXError)
        return
      case 'notify':
        respond(this.#notify(pdu.varbinds))
        return
      case 'indexAllocate':
      case 'indexDeallocate': {
        const isNew = (pdu.flags & agentxFlag.newIndex) !== 0
        const isAny = (pdu.flags & agentxFlag.anyIndex) !== 0
        const wish = isNew ? 'new' : isAny ? 'any' : 'given'
        const result =
          pdu.type === 'indexAllocate'
            ? this.#indexes.allocate(session.id, pdu.varbinds, wish)
            : this.#indexes.release(session.id, pdu.varbinds)
        if ('error' in result) respond(result.error, result.index, pdu.varbinds)
        else respond(agentxError.noAgentXError, 0, result.varbinds)
        return
      }
      case 'addAgentCaps':
        if (session.capabilities.size >= registrationsAtMost) return respond(agentxError.requestDenied)
        session.capabilities.set(formatOid(pdu.id), {
          id: pdu.id,
          description: truncateUtf8(pdu.description, longestDescription),
        })
        respond(agentxError.noAgentXError)
        this.#changed()
        return
      case 'removeAgentCaps':
        respond(
          session.capabilities.delete(formatOid(pdu.id)) ? agentxError.noAgentXError : agentxError.unknownAgentCaps,
        )
        this.#changed()
        return
      default:
        // Requests go from master to subagent, never the other way.
        respond(agentxError.processingError)
    }
  }

  #open(connection: AgentxConnection, pdu: Extract<AgentxPdu, { type: 'open' }>): void {
    if (this.#sessions.size >= sessionsAtMost || this.#isStopping) {
      this.#respond(connection, pdu, agentxError.openFailed)
      return
    }
    const { clock, log } = this.#options
    const id = this.#newSessionId()
    const session: MasterSession = new MasterSession({
      id,
      objectId: pdu.id,
      description: truncateUtf8(pdu.description, longestDescription),
      openTicks: this.#options.upTimeTicks(),
      timeoutMs: pdu.timeoutSeconds > 0 ? pdu.timeoutSeconds * 1000 : this.#defaultTimeoutMs,
      timeoutLimitMs: this.#timeoutLimitMs,
      clock,
      send: (transactionId, packetId, body) =>
        connection.send({ flags: 0, sessionId: id, transactionId, packetId }, body),
      onHung: () => this.#close(session, closeReason.timeouts, 'it did not answer three requests in a row'),
    })
    this.#sessions.set(id, { session, connection })
    log.notice('a subagent opened a session', { session: id, description: session.name })
    connection.send(
      { flags: 0, sessionId: id, transactionId: pdu.transactionId, packetId: pdu.packetId },
      { type: 'response', upTimeTicks: this.#options.upTimeTicks(), error: 0, index: 0, varbinds: [] },
    )
    this.#changed()
  }

  #register(session: MasterSession, registration: Registration, isInstance: boolean): number {
    const { subtree, priority, timeoutSeconds } = registration
    if (this.#registrations.isDuplicate(registration)) return agentxError.duplicateRegistration
    if (subtree.length === 0 || priority === 0) return agentxError.requestDenied
    if (session.regions.size >= registrationsAtMost) return agentxError.requestDenied
    const timeoutMs = timeoutSeconds > 0 ? timeoutSeconds * 1000 : session.timeoutMs
    const regions = regionsOf(registration, { timeoutMs, backend: session })
    if (!regions || session.regionCount + regions.length > regionsAtMost) return agentxError.requestDenied
    session.regionCount += regions.length
    for (const region of regions) this.#options.registry.addRegion(region)
    if (!session.hasServed) this.#options.onSession?.('serving', session, '')
    session.hasServed = true
    session.regions.set(registrationKey(registration), regions)
    this.#registrations.add(session, registration, isInstance)
    this.#changed()
    return agentxError.noAgentXError
  }

  #unregister(session: MasterSession, registration: Registration): number {
    const key = registrationKey(registration)
    if (!session.regions.has(key)) return agentxError.unknownRegistration
    this.#removeRegions(session, key)
    this.#changed()
    return agentxError.noAgentXError
  }

  #removeRegions(session: MasterSession, key: string): void {
    const regions = session.regions.get(key) ?? []
    for (const region of regions) this.#options.registry.removeRegion(region)
    session.regionCount -= regions.length
    session.regions.delete(key)
    this.#registrations.remove(key)
  }

  /** §7.1.10: an optional sysUpTime.0, snmpTrapOID.0, and what else there is. */
  #notify(varbinds: readonly Varbind[]): number {
    let at = 0
    let upTimeTicks = this.#options.upTimeTicks()
    const first = varbinds[0]
    if (first && compareOid(first.name, sysUpTimeInstance) === 0) {
      if (first.value.type !== 'TimeTicks') return agentxError.processingError
      upTimeTicks = first.value.value
      at++
    }
    const trap = varbinds[at]
    if (trap?.value.type !== 'ObjectIdentifier' || compareOid(trap.name, snmpTrapOidInstance) !== 0)
      return agentxError.processingError
    this.#options.onNotify({ trapOid: trap.value.value, upTimeTicks, varbinds: varbinds.slice(at + 1) })
    return agentxError.noAgentXError
  }

  #close(session: MasterSession, reason: number, why: string): void {
    const found = this.#sessions.get(session.id)
    if (!found) return
    found.connection.send({ flags: 0, sessionId: session.id, transactionId: 0, packetId: 0 }, { type: 'close', reason })
    this.#forget(session, why)
    if (this.#sessionsOf(found.connection).length === 0) found.connection.close()
  }

  #forget(session: MasterSession, why: string, isOrderly = false): void {
    if (!this.#sessions.delete(session.id)) return
    for (const key of [...session.regions.keys()]) this.#removeRegions(session, key)
    this.#indexes.releaseAll(session.id)
    session.close()
    this.#options.log.notice('a session of a subagent ended', { session: session.id, description: session.name, why })
    if (session.hasServed && !isOrderly) this.#options.onSession?.('lost', session, why)
    this.#changed()
  }

  #respond(
    connection: AgentxConnection,
    { sessionId, transactionId, packetId }: { sessionId: number; transactionId: number; packetId: number },
    error: number,
    index = 0,
    varbinds: readonly Varbind[] = [],
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
