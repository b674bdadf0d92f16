/** The transport layer, RFC 3261 §18: all sockets of one process, and which of them a message leaves by. */

import { connect as connectTcp, isIP, type Server, type Socket } from 'node:net'
import { connect as connectTls, TLSSocket } from 'node:tls'
import { RateLimit } from '../../lib/bounds/rate-limit.ts'
import { codeOf, errorOf, messageOf } from '../../lib/errors.ts'
import type { Log } from '../../lib/log/log.ts'
import type { FaultGuard } from '../../lib/process/fault-guard.ts'
import type { Clock } from '../../lib/time/clock.ts'
import type { Account } from '../account/account.ts'
import type { DebugChannel, DebugLog } from '../log/error-log.ts'
import { formatHop, type Hop, hopText, type TransportName } from '../message/hop.ts'
import type { SipStatistics } from '../statistics/statistics.ts'
import type { Holds } from '../transaction/outbound.ts'
import { Connection, type ConnectionUser } from './connection.ts'
import { Connections } from './connections.ts'
import { Datagrams } from './datagrams.ts'
import { ConnectionsElsewhere } from './elsewhere.ts'
import type { FramingError } from './framer.ts'
import { PersistentPeers, type PersistentPeersOptions } from './persistent-peers.ts'
import type { Sender } from './sender.ts'
import { listenForStreams } from './stream-listener.ts'
import { type TlsIdentity, tlsOptionsFor } from './tls.ts'
import { setTypeOfService } from './type-of-service.ts'

export interface TransportsOptions {
  readonly listeners: readonly {
    readonly address: string
    readonly port: number
    readonly tlsPort: number | undefined
  }[]
  readonly tls: TlsIdentity | undefined
  /** In front of the numbers of connections: the worker whose they are. */
  readonly worker: number
  readonly maxConnections: number
  /** Of one source, beyond which registrations keep none of them open (SourceSharePercent). */
  readonly registeredOfSource: number
  /** Whether an address-of-record has a contact that is reached by this connection. */
  readonly isReachedBy: (addressOfRecord: string, connection: string) => boolean
  /** How long the answer to a request may be waited for on a connection of ours (RFC 3261 §18): timer C, and some more. */
  readonly outboundIdleMs: number
  /** SipTcpMaxConnectTimeout. */
  readonly connectTimeoutMs: number
  /** DiffServValue. */
  readonly typeOfService: number
  /** SipTcpReuseConnection. */
  readonly reusesConnections: boolean
  /** persistent_tcp.conf. */
  readonly peers: PersistentPeersOptions['peers']
  readonly lookup: PersistentPeersOptions['lookup']
  readonly clock: Clock
  readonly log: Log
  readonly faults: FaultGuard
  readonly debug: DebugLog
  readonly statistics: SipStatistics
  readonly account: Account
  readonly onMessage: (octets: Buffer, source: Hop) => void
  readonly onFramingError: (error: FramingError, source: Hop) => void
  /** Tells another process whether transactions of this one are under way on its connection. */
  readonly holdElsewhere?: (connection: string, isHeld: boolean) => void
  /** For a connection of another process; false when there is none. */
  readonly sendElsewhere?: (text: string, hop: Hop) => boolean
}

export class Transports implements Sender, Holds, ConnectionUser {
  readonly #options: TransportsOptions
  readonly connections: Connections
  #servers: Server[] = []
  #nextConnection = 1
  readonly #peers: PersistentPeers
  /** What is new goes to other processes. */
  #isFinishing = false
  readonly #outboundKeys = new Map<Connection, string>()
  readonly #errorLog: RateLimit
  readonly #datagrams: Datagrams
  readonly elsewhere = new ConnectionsElsewhere()
  /** Told of connections that others opened, and that they ended. */
  onConnection: ((connection: Connection, isOpen: boolean) => void) | undefined
  /** An address of the machine was added or went that a wildcard listener covers. */
  onAddresses: (() => void) | undefined
  /** Takes the datagrams of a process that reads none any more. */
  sendDatagramElsewhere: ((text: string, hop: Hop) => void) | undefined

  constructor(options: TransportsOptions) {
    this.#options = options
    this.connections = new Connections(options.clock, {
      connections: options.maxConnections,
      registeredOfSource: options.registeredOfSource,
      outboundIdleMs: options.outboundIdleMs,
      isPersistent: ({ hop }) => hop.transport === 'TCP' && this.#peers.has(hop.address, hop.port),
      isReused: ({ hop }) => this.#isReused(hop),
      isRegistered: ({ users, id }) => [...users].some((user) => options.isReachedBy(user, id)),
    })
    const { clock, peers, lookup } = options
    this.#peers = new PersistentPeers({ clock, peers, lookup, open: (address, port) => this.#openAhead(address, port) })
    this.#errorLog = new RateLimit(clock, 10, 1)
    this.#datagrams = new Datagrams({
      ...options,
      onError: (error) => this.#sendFailed(error),
      onAddresses: () => this.onAddresses?.(),
    })
  }

  /** Opens every socket; throws the first error, with what could not be opened. */
  async start(): Promise<void> {
    for (const [listener, { address, port, tlsPort }] of this.#options.listeners.entries()) {
      await explain(`udp ${formatHop({ address, port })}`, this.#datagrams.listen(listener))
      await this.#listen('TCP', listener, address, port)
      if (tlsPort !== undefined) await this.#listen('TLS', listener, address, tlsPort)
    }
  }

  /** What comes is answered from now on: the connections that are to stand are opened. */
  begin(): void {
    this.#peers.start()
  }

  /** Takes no more datagrams and no more connections; those that stand go on, of ours while something is under way on them. */
  stopListening(): void {
    this.#isFinishing = true
    this.#peers.stop()
    for (const connection of [...this.connections.all()]) this.#finish(connection)
    this.#datagrams.close()
    for (const server of this.#servers) server.close()
    this.#servers = []
  }

  stop(): void {
    this.stopListening()
    this.connections.closeAll()
  }

  send(text: string, hop: Hop, failed?: (error: Error) => void, taken?: (connection: string) => void): void {
    try {
      const connection = this.#send(text, hop, failed)
      if (connection !== undefined) taken?.(connection)
    } catch (error) {
      // What Node refuses, such as a port that is none, costs the message and not who sent others.
      const cause = errorOf(error)
      this.#sendFailed(cause)
      failed?.(cause)
    }
  }

  /** Gives the connection that it leaves by. */
  #send(text: string, hop: Hop, failed?: (error: Error) => void): string | undefined {
    if (hop.transport === 'UDP') {
      if (!this.#datagrams.send(text, hop)) this.sendDatagramElsewhere?.(text, hop)
      return undefined
    }
    const { sendElsewhere } = this.#options
    if (hop.connection !== undefined) {
      const connection = this.connections.get(hop.connection)
      if (connection?.isOpen) return writeTo(connection, text, failed)
      if (!connection && sendElsewhere?.(text, hop)) return hop.connection
    }
    // Whoever connected to us may be asked for a domain that its certificate is for (RFC 5922 §7.1).
    const inbound = this.connections.inboundFrom(hop)
    if (inbound?.isOpen && (hop.domain === undefined || inbound.isFor(hop.domain)))
      return writeTo(inbound, text, failed)
    if (hop.domain === undefined) {
      const elsewhere = this.elsewhere.from(hopText(hop))
      if (elsewhere !== undefined && sendElsewhere?.(text, { ...hop, connection: elsewhere })) return elsewhere
    }
    const key = keyOf(hop)
    const standing = this.#isReused(hop) ? this.connections.outboundTo(key) : undefined
    return writeTo(standing?.isOpen ? standing : this.#connect(hop, key), text, failed)
  }

  /** For another process, over a connection of this one; by the address of its far end when it is gone by now. */
  sendFor(text: string, hop: Hop): void {
    const connection = hop.connection === undefined ? undefined : this.connections.get(hop.connection)
    if (connection?.isOpen) connection.write(text)
    else this.send(text, { ...hop, connection: undefined })
  }

  /** Whether a connection, of this process or another, can be written to. */
  isOpen(id: string): boolean {
    return this.connections.get(id)?.isOpen === true || this.elsewhere.isOpen(id)
  }

  // Holds

  hold(id: string): void {
    const connection = this.connections.get(id)
    if (connection) connection.holds++
    else if (this.elsewhere.hold(id)) this.#options.holdElsewhere?.(id, true)
  }

  release(id: string, dialogGoesOn: boolean): void {
    const connection = this.connections.get(id)
    if (connection) {
      connection.holds--
      if (dialogGoesOn) connection.isOfDialog = true
      this.#finish(connection)
    } else if (this.elsewhere.release(id)) this.#options.holdElsewhere?.(id, false)
  }

  /** Another process has transactions under way on a connection of this one, or has none any more. */
  setHeldBy(worker: number, id: string, isHeld: boolean): void {
    const connection = this.connections.get(id)
    if (!connection) return
    if (isHeld) connection.heldBy.add(worker)
    else if (connection.heldBy.delete(worker)) this.#finish(connection)
  }

  #isReused({ transport, address, port }: Hop): boolean {
    return this.#options.reusesConnections || (transport === 'TCP' && this.#peers.has(address, port))
  }

  #openAhead(address: string, port: number): void {
    const listener = this.#options.listeners.findIndex((own) => isIP(own.address) === isIP(address))
    if (listener < 0) return
    const hop: Hop = { transport: 'TCP', address, port, listener, connection: undefined }
    const key = keyOf(hop)
    if (!this.connections.outboundTo(key)?.isOpen && this.#hasRoom()) this.#connect(hop, key)
  }

  /**
   * One of ours ends with its transaction when it serves no other, or this process begins nothing any more. Where a dialog goes on it
   * stays for a while (`Connections`): there are peers that end a call with the connection that its last request came by.
   */
  #finish(connection: Connection): void {
    if (connection.isInbound || !this.connections.isIdle(connection)) return
    if (this.#isFinishing || !(connection.isOfDialog || this.#isReused(connection.hop))) connection.end()
  }

  /** That process is gone, and what it had here and there. */
  forgetElsewhere(worker: number): void {
    this.elsewhere.forget(worker)
    for (const connection of this.connections.all()) if (connection.heldBy.delete(worker)) this.#finish(connection)
  }

  // ConnectionUser

  onMessage(octets: Buffer, source: Hop): void {
    this.#options.onMessage(octets, source)
  }

  onFramingError(error: FramingError, source: Hop): void {
    const debug = this.#debugOf(source)
    if (debug.on) debug.write('a stream cannot be framed', { from: hopText(source), why: error.message })
    const { faults, onFramingError } = this.#options
    faults.run('refusing a stream', () => onFramingError(error, source), { from: hopText(source) })
  }

  onBug(error: unknown, source: Hop): void {
    this.#options.faults.report('reading a stream', error, { from: hopText(source) })
  }

  onClosed(connection: Connection, why: Error): void {
    const debug = this.#debugOf(connection.hop)
    if (debug.on)
      debug.write('a connection ended', { id: connection.id, far: hopText(connection.hop), why: why.message })
    const key = this.#outboundKeys.get(connection)
    this.#outboundKeys.delete(connection)
    this.connections.remove(connection, key)
    if (connection.isInbound) this.onConnection?.(connection, false)
  }

  #connect(hop: Hop, key: string): Connection {
    const { tls, connectTimeoutMs, clock } = this.#options
    if (!this.connections.makeRoom()) throw new Error('there are too many connections, and all are in use')
    const to = { host: hop.address, port: hop.port }
    const socket: Socket | TLSSocket =
      hop.transport === 'TLS' ? connectTls({ ...to, ...tlsOptionsFor(tls, hop.domain ?? hop.address) }) : connectTcp(to)
    const connection = this.#adopt(socket, hop.transport, hop, hop.listener, false)
    socket.setTimeout(connectTimeoutMs, () => connection.destroy(`no connection within ${connectTimeoutMs} ms`))
    socket.once(hop.transport === 'TLS' ? 'secureConnect' : 'connect', () => socket.setTimeout(0))
    this.#outboundKeys.set(connection, key)
    this.connections.add(connection, key)
    connection.usedMs = clock.monotonicMs()
    return connection
  }

  #adopt(
    socket: Socket,
    transport: TransportName,
    { address, port }: { address: string; port: number },
    listener: number,
    isInbound: boolean,
  ): Connection {
    const { worker, clock, account, typeOfService } = this.#options
    setTypeOfService(socket, typeOfService)
    const id = `${worker}.${this.#nextConnection++}`
    const debug = this.#debugOf({ transport })
    if (debug.on)
      debug.write(isInbound ? 'a connection was taken' : 'a connection is opened', {
        id,
        far: hopText({ transport, address, port }),
      })
    const far = { transport, address, port, listener }
    const certificate = socket instanceof TLSSocket && socket.authorized ? socket.getPeerCertificate() : undefined
    const nowMs = (): number => clock.monotonicMs()
    return new Connection({ id, socket, far, isInbound, certificate, user: this, nowMs, account })
  }

  async #listen(transport: 'TCP' | 'TLS', listener: number, address: string, port: number): Promise<void> {
    const { tls, debug } = this.#options
    const listening = listenForStreams({
      address,
      port,
      tls: transport === 'TLS' ? tls?.server : undefined,
      onConnection: (socket, far) => {
        this.connections.endHandshake(formatHop(far))
        if (!this.#hasRoom()) {
          socket.destroy()
          return
        }
        const connection = this.#adopt(socket, transport, far, listener, true)
        this.connections.add(connection)
        this.onConnection?.(connection, true)
      },
      onHandshake: (socket, far) => {
        if (this.#hasRoom()) this.connections.addHandshake(formatHop(far), far.address, socket)
        else socket.destroy()
      },
      onHandshakeFailed: (error) => {
        if (debug.SipTls.on) debug.SipTls.write('a handshake failed', { why: error.message })
        this.#sendFailed(error)
      },
      onError: (error) => this.#sendFailed(error),
    })
    this.#servers.push(await explain(`tcp ${formatHop({ address, port })}`, listening))
  }

  /** Whether another connection may be taken; when none may, the log says so. */
  #hasRoom(): boolean {
    if (this.connections.makeRoom()) return true
    this.#sendFailed(new Error('a connection is refused: SipTcpMaxTCPConnections is reached, and all are in use'))
    return false
  }

  #debugOf({ transport }: { readonly transport: TransportName }): DebugChannel {
    const { debug } = this.#options
    return transport === 'TLS' ? debug.SipTls : debug.SipTcp
  }

  #sendFailed(error: Error): void {
    this.#options.statistics.sendErrors++
    const held = this.#errorLog.take()
    if (held !== undefined)
      this.#options.log.warn('a socket reported an error', { error: error.message, more: held || undefined })
  }
}

/** Of connections of ours: the certificate that a far end shows is for one domain. */
function keyOf(hop: Hop): string {
  return `${hopText(hop)} ${hop.domain ?? ''}`
}

function writeTo(connection: Connection, text: string, failed: ((error: Error) => void) | undefined): string {
  connection.write(text, failed)
  return connection.id
}

async function explain<T>(what: string, opened: Promise<T>): Promise<T> {
  try {
    return await opened
  } catch (error) {
    throw new ListenError(what, error)
  }
}

/** A socket that could not be opened; the code tells whether somebody else has the port. */
export class ListenError extends Error {
  readonly code: string | undefined

  constructor(what: string, cause: unknown) {
    super(`listen on ${what}: ${messageOf(cause)}`, { cause })
    this.code = codeOf(cause)
  }
}
