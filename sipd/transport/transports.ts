/** The transport layer, RFC 3261 §18: all sockets of one process, and which of them a message leaves by. */

import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net'
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { RateLimit } from '../../lib/bounds/rate-limit.ts'
import { codeOf, errorOf, messageOf } from '../../lib/errors.ts'
import type { Log } from '../../lib/log/log.ts'
import { canonicalAddress, unmapped } from '../../lib/net/address.ts'
import type { FaultGuard } from '../../lib/process/fault-guard.ts'
import type { Clock } from '../../lib/time/clock.ts'
import type { Account } from '../account/account.ts'
import type { DebugChannel, DebugLog } from '../log/error-log.ts'
import { formatHop, type Hop, hopText, type TransportName } from '../message/hop.ts'
import type { SipStatistics } from '../statistics/statistics.ts'
import { Connection, type ConnectionUser } from './connection.ts'
import { Connections } from './connections.ts'
import { FairQueue } from './fair-queue.ts'
import type { FramingError } from './framer.ts'
import type { Sender } from './sender.ts'
import { type TlsIdentity, tlsOptionsFor } from './tls.ts'
import { UdpListener } from './udp-listener.ts'

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
  /** How long the answer to a request may be waited for on a connection of ours (RFC 3261 §18): timer C, and some more. */
  readonly outboundIdleMs: number
  /** SipTcpMaxConnectTimeout. */
  readonly connectTimeoutMs: number
  /** SipTcpReuseConnection, and persistent_tcp.conf for those named there. */
  readonly reusesConnections: (address: string, port: number) => boolean
  readonly clock: Clock
  readonly log: Log
  readonly faults: FaultGuard
  readonly debug: DebugLog
  readonly statistics: SipStatistics
  readonly account: Account
  readonly onMessage: (octets: Buffer, source: Hop) => void
  readonly onFramingError: (error: FramingError, source: Hop) => void
  /** For a connection of another process; false when there is none. */
  readonly sendElsewhere?: (text: string, hop: Hop) => boolean
}

/** Nobody has said anything in SIP yet. */
const handshakeWithinMs = 10_000

export class Transports implements Sender, ConnectionUser {
  readonly #options: TransportsOptions
  readonly connections: Connections
  #udp: (UdpListener | undefined)[] = []
  #servers: Server[] = []
  #nextConnection = 1
  readonly #outboundKeys = new Map<Connection, string>()
  readonly #errorLog: RateLimit
  /** Datagrams that were read. */
  readonly #arrived: FairQueue<{ readonly octets: Buffer; readonly source: Hop }>
  /** Connections that other processes have, by their far end. */
  readonly #connectionsElsewhere = new Map<string, string>()
  readonly #openElsewhere = new Set<string>()
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
      outboundIdleMs: options.outboundIdleMs,
    })
    this.#errorLog = new RateLimit(options.clock, 10, 1)
    const { faults, statistics, onMessage } = options
    this.#arrived = new FairQueue({
      take: ({ octets, source }) => {
        try {
          onMessage(octets, source)
        } catch (error) {
          faults.report('receiving a datagram', error, { from: hopText(source) })
        }
      },
      onLost: () => statistics.discarded++,
      onTurn: () => {
        for (const udp of this.#udp) udp?.flush()
      },
    })
  }

  /** Opens every socket; throws the first error, with what could not be opened. */
  async start(): Promise<void> {
    const { listeners, clock } = this.#options
    for (const [listener, { address, port, tlsPort }] of listeners.entries()) {
      const udp = new UdpListener({
        address,
        port,
        except: new Set(
          listeners.filter((other) => other.port === port).map((other) => canonicalAddress(other.address)),
        ),
        clock,
        onDatagram: (octets, remoteAddress, remotePort, local) =>
          this.#receiveDatagram(octets, {
            transport: 'UDP',
            address: remoteAddress,
            port: remotePort,
            listener,
            connection: undefined,
            ...(local !== undefined && { local }),
          }),
        onError: (error) => this.#sendFailed(error),
        onAddresses: () => this.onAddresses?.(),
      })
      await explain(`udp ${formatHop({ address, port })}`, udp.start())
      this.#udp[listener] = udp
      await this.#listen('TCP', listener, address, port)
      if (tlsPort !== undefined) await this.#listen('TLS', listener, address, tlsPort)
    }
  }

  /** Takes no more datagrams and no more connections; those that stand go on. */
  stopListening(): void {
    this.#arrived.finish()
    for (const udp of this.#udp) udp?.close()
    this.#udp = []
    for (const server of this.#servers) server.close()
    this.#servers = []
  }

  stop(): void {
    this.stopListening()
    this.connections.closeAll()
  }

  send(text: string, hop: Hop, failed?: (error: Error) => void): void {
    try {
      this.#send(text, hop, failed)
    } catch (error) {
      // What Node refuses, such as a port that is none, costs the message and not who sent others.
      const cause = errorOf(error)
      this.#sendFailed(cause)
      failed?.(cause)
    }
  }

  #send(text: string, hop: Hop, failed?: (error: Error) => void): void {
    if (hop.transport === 'UDP') {
      this.#sendDatagram(text, hop)
      return
    }
    const { sendElsewhere, reusesConnections } = this.#options
    if (hop.connection !== undefined) {
      const connection = this.connections.get(hop.connection)
      if (connection?.isOpen) {
        connection.write(text, failed)
        return
      }
      if (!connection && sendElsewhere?.(text, hop)) return
    }
    // Who connected to us has shown no certificate for the domain that the request is for.
    if (hop.domain === undefined) {
      const inbound = this.connections.inboundFrom(hop)
      if (inbound?.isOpen) {
        inbound.write(text, failed)
        return
      }
      const elsewhere = this.#connectionsElsewhere.get(hopText(hop))
      if (elsewhere !== undefined && sendElsewhere?.(text, { ...hop, connection: elsewhere })) return
    }
    const key = `${hopText(hop)} ${hop.domain ?? ''}`
    const standing = reusesConnections(hop.address, hop.port) ? this.connections.outboundTo(key) : undefined
    ;(standing?.isOpen ? standing : this.#connect(hop, key)).write(text, failed)
  }

  /** Writes to a connection of this process; nothing happens when it is gone. */
  sendOver(connection: string, text: string): void {
    this.connections.get(connection)?.write(text)
  }

  /** Another process has, or has no more, a connection from this far end. */
  setElsewhere(far: string, connection: string, isOpen: boolean): void {
    if (isOpen) {
      this.#connectionsElsewhere.set(far, connection)
      this.#openElsewhere.add(connection)
      return
    }
    this.#openElsewhere.delete(connection)
    if (this.#connectionsElsewhere.get(far) === connection) this.#connectionsElsewhere.delete(far)
  }

  /** Whether another process has said that it has this connection. */
  isElsewhere(connection: string): boolean {
    return this.#openElsewhere.has(connection)
  }

  /** That process is gone, and its connections with it. */
  forgetElsewhere(worker: number): void {
    for (const [far, connection] of this.#connectionsElsewhere)
      if (connection.startsWith(`${worker}.`)) this.#connectionsElsewhere.delete(far)
    for (const connection of this.#openElsewhere)
      if (connection.startsWith(`${worker}.`)) this.#openElsewhere.delete(connection)
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

  #receiveDatagram(octets: Buffer, source: Hop): void {
    this.#arrived.add(source.address, { octets, source }, octets.length)
  }

  #sendDatagram(text: string, hop: Hop): void {
    const listener = this.#udp[hop.listener] ?? this.#udp.find((udp) => udp !== undefined)
    if (listener) listener.send(text, hop.address, hop.port, hop.local)
    else this.sendDatagramElsewhere?.(text, hop)
  }

  #connect(hop: Hop, key: string): Connection {
    const { tls, connectTimeoutMs, clock } = this.#options
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
    const { worker, clock, account } = this.#options
    const id = `${worker}.${this.#nextConnection++}`
    const debug = this.#debugOf({ transport })
    if (debug.on)
      debug.write(isInbound ? 'a connection was taken' : 'a connection is opened', {
        id,
        far: hopText({ transport, address, port }),
      })
    const far = { transport, address, port, listener }
    return new Connection({ id, socket, far, isInbound, user: this, nowMs: () => clock.monotonicMs(), account })
  }

  async #listen(transport: 'TCP' | 'TLS', listener: number, address: string, port: number): Promise<void> {
    const accept = (socket: Socket): void => {
      const { remoteAddress, remotePort } = socket
      if (remoteAddress === undefined || remotePort === undefined) {
        socket.destroy()
        return
      }
      const far = { address: unmapped(remoteAddress), port: remotePort }
      this.connections.endHandshake(formatHop(far))
      const connection = this.#adopt(socket, transport, far, listener, true)
      this.connections.add(connection)
      this.onConnection?.(connection, true)
    }
    const server =
      transport === 'TLS'
        ? createTlsServer({ ...this.#options.tls!.server, handshakeTimeout: handshakeWithinMs }, accept)
        : createServer({ noDelay: true }, accept)
    if (transport === 'TLS')
      server.on('connection', (socket: Socket) => {
        const { remoteAddress, remotePort } = socket
        if (remoteAddress === undefined || remotePort === undefined) return
        const far = { address: unmapped(remoteAddress), port: remotePort }
        this.connections.addHandshake(formatHop(far), far.address, socket)
      })
    server.on('tlsClientError', (error) => {
      const { debug } = this.#options
      if (debug.SipTls.on) debug.SipTls.write('a handshake failed', { why: error.message })
      this.#sendFailed(error)
    })
    await explain(
      `tcp ${formatHop({ address, port })}`,
      new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen({ host: address, port, ipv6Only: address.includes(':'), backlog: 1024 }, () => {
          server.off('error', reject)
          resolve()
        })
      }),
    )
    server.on('error', (error) => this.#sendFailed(error))
    this.#servers.push(server)
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

async function explain(what: string, opened: Promise<void>): Promise<void> {
  try {
    await opened
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
