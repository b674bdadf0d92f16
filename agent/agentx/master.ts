/** The AgentX master (RFC 2741 §7): listens, keeps sessions and their regions, and hands on what they notify. */
import { chmodSync, chownSync, mkdirSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { compareOid, formatOid } from '../../lib/smi/oid.ts'
import type { Varbind } from '../../lib/smi/value.ts'
import { checkSocketPath } from '../../lib/socket-path.ts'
import { afterSubtree, type Registry, type RemoteRegion } from '../dispatch/registry.ts'
import type { AgentxState } from '../internal/agentx-mib.ts'
import { type NotificationMessage, snmpTrapOidInstance, sysUpTimeInstance } from '../notify/notification.ts'
import { AgentxConnection } from './connection.ts'
import { IndexAllocator } from './indexes.ts'
import { type AgentxPdu, agentxError, agentxFlag, closeReason, type Registration } from './pdu.ts'
import { MasterSession } from './session-of-master.ts'

export interface AgentxAddress {
  /** A path of a Unix socket, or host and port. */
  readonly path?: string
  readonly host?: string
  readonly port?: number
  /** Of the Unix socket: who may connect. */
  readonly mode?: number
  readonly owner?: { readonly uid: number; readonly gid: number }
}

export interface MasterOptions {
  readonly registry: Registry
  readonly clock: Clock
  readonly log: Log
  readonly upTimeTicks: () => number
  readonly defaultTimeoutMs?: number
  /** A subagent's notification, without sysUpTime.0 and snmpTrapOID.0. */
  readonly onNotify: (notification: NotificationMessage) => void
  /** For AGENTX-MIB, sysORTable, and notifications of ours. */
  readonly onSession?: (event: 'opened' | 'closed', session: MasterSession, reason: string) => void
  readonly onChange?: () => void
}

export interface RegisteredRegion {
  readonly index: number
  readonly session: MasterSession
  readonly registration: Registration
  readonly isInstance: boolean
}

const sessionsAtMost = 256
const registrationsAtMost = 2048
/** A range over another sub-identifier than the last is as many subtrees; wider ones are refused. */
const rangeAtMost = 1024

export class AgentxMaster {
  readonly #options: MasterOptions
  readonly #servers: Server[] = []
  readonly #connections = new Map<AgentxConnection, { index: number; openTicks: number; address: string }>()
  readonly #sessions = new Map<number, { session: MasterSession; connection: AgentxConnection }>()
  readonly #registered = new Map<string, RegisteredRegion>()
  readonly #indexes = new IndexAllocator()
  #lastSessionId = 0
  #lastConnection = 0
  #lastRegistration = 0
  #isTold = true
  #isStopping = false

  constructor(options: MasterOptions) {
    this.#options = options
  }

  get sessions(): MasterSession[] {
    return [...this.#sessions.values()].map(({ session }) => session)
  }

  /** For AGENTX-MIB. */
  get state(): AgentxState {
    const connections = [...this.#connections].map(([connection, about]) => ({
      ...about,
      sessions: this.#sessionsOf(connection).map(({ session }) => session),
    }))
    const registrations = [...this.#registered.values()].map(({ index, session, registration, isInstance }) => {
      const { connection } = this.#sessions.get(session.id)!
      return {
        ...registration,
        index,
        isInstance,
        session: session.id,
        connection: this.#connections.get(connection)?.index ?? 0,
      }
    })
    return { connections, registrations }
  }

  async listen(address: AgentxAddress): Promise<void> {
    const name = address.path ?? `${address.host}:${address.port}`
    const server = createServer((socket) => this.#accept(socket, name))
    if (address.path !== undefined) {
      checkSocketPath(address.path)
      mkdirSync(dirname(address.path), { recursive: true, mode: 0o700 })
      rmSync(address.path, { force: true }) // of an agent that was killed; a living one has its SNMP port still
    }
    const before = process.umask(0o177)
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(address, () => {
          server.off('error', reject)
          resolve()
        })
      })
    } finally {
      process.umask(before)
    }
    if (address.path !== undefined) {
      chmodSync(address.path, address.mode ?? 0o600)
      if (address.owner) chownSync(address.path, address.owner.uid, address.owner.gid)
    }
    server.on('error', (error) =>
      this.#options.log.warn('the AgentX socket reported an error', { error: error.message }),
    )
    this.#servers.push(server)
  }

  /** Tells every subagent that the master goes. */
  async stop(): Promise<void> {
    this.#isStopping = true
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
        this.#options.log.warn('a subagent sent what is no AgentX PDU', { error: error.message })
        // §7.2.2: a request is answered with parseError; what was an answer closes its session.
        const session = header && this.#sessions.get(header.sessionId)
        if (session?.connection === connection)
          this.#close(session.session, closeReason.parseError, 'it sent what is no PDU')
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
        this.#forget(session, 'it closed its session')
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
        session.capabilities.set(formatOid(pdu.id), { id: pdu.id, description: pdu.description })
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
    const { clock, log, defaultTimeoutMs = 5000 } = this.#options
    const id = this.#newSessionId()
    const session: MasterSession = new MasterSession({
      id,
      objectId: pdu.id,
      description: pdu.description.slice(0, 255),
      openTicks: this.#options.upTimeTicks(),
      timeoutMs: pdu.timeoutSeconds > 0 ? pdu.timeoutSeconds * 1000 : defaultTimeoutMs,
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
    this.#options.onSession?.('opened', session, '')
    this.#changed()
  }

  #register(session: MasterSession, registration: Registration, isInstance: boolean): number {
    const { rangeSubid, subtree, upperBound, priority, timeoutSeconds } = registration
    const key = keyOf(registration)
    if (this.#registered.has(key)) return agentxError.duplicateRegistration
    if (subtree.length === 0 || priority === 0) return agentxError.requestDenied
    if (session.regions.size >= registrationsAtMost) return agentxError.requestDenied
    const isContiguous = rangeSubid === 0 || rangeSubid === subtree.length
    const lower = rangeSubid === 0 ? 0 : subtree[rangeSubid - 1]!
    if (!isContiguous && upperBound - lower >= rangeAtMost) return agentxError.requestDenied
    const common = {
      specificity: subtree.length,
      priority,
      timeoutMs: timeoutSeconds > 0 ? timeoutSeconds * 1000 : session.timeoutMs,
      backend: session,
    }
    const regions: RemoteRegion[] = []
    if (isContiguous) {
      const last = rangeSubid === 0 ? subtree : [...subtree.slice(0, -1), upperBound]
      regions.push({ ...common, oid: subtree, to: afterSubtree(last) })
    } else {
      for (let id = lower; id <= upperBound; id++) {
        const one = subtree.with(rangeSubid - 1, id)
        regions.push({ ...common, oid: one, to: afterSubtree(one) })
      }
    }
    for (const region of regions) this.#options.registry.addRegion(region)
    session.regions.set(key, regions)
    this.#lastRegistration++
    this.#registered.set(key, { index: this.#lastRegistration, session, registration, isInstance })
    this.#changed()
    return agentxError.noAgentXError
  }

  #unregister(session: MasterSession, registration: Registration): number {
    const key = keyOf(registration)
    const regions = session.regions.get(key)
    if (!regions) return agentxError.unknownRegistration
    this.#removeRegions(session, key)
    this.#changed()
    return agentxError.noAgentXError
  }

  #removeRegions(session: MasterSession, key: string): void {
    for (const region of session.regions.get(key) ?? []) this.#options.registry.removeRegion(region)
    session.regions.delete(key)
    this.#registered.delete(key)
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

  #forget(session: MasterSession, why: string): void {
    if (!this.#sessions.delete(session.id)) return
    for (const key of [...session.regions.keys()]) this.#removeRegions(session, key)
    this.#indexes.releaseAll(session.id)
    session.close()
    this.#options.log.notice('a session of a subagent ended', { session: session.id, description: session.name, why })
    this.#options.onSession?.('closed', session, why)
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

  /** Told once a turn: a subagent that comes registers hundreds of regions. */
  #changed(): void {
    if (!this.#isTold || this.#isStopping) return
    this.#isTold = false
    setImmediate(() => {
      this.#isTold = true
      if (!this.#isStopping) this.#options.onChange?.()
    })
  }

  #newSessionId(): number {
    do this.#lastSessionId = (this.#lastSessionId % 0x7fff_ffff) + 1
    while (this.#sessions.has(this.#lastSessionId))
    return this.#lastSessionId
  }
}

/** §7.1.4: the same region at the same priority is a duplicate, whoever registers it. */
function keyOf({ subtree, rangeSubid, upperBound, priority }: Registration): string {
  return `${formatOid(subtree)} ${rangeSubid} ${rangeSubid === 0 ? 0 : upperBound} ${priority}`
}
