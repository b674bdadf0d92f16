/** All connections of one process: found by their number or their far end, bounded, and swept when they idle. */
import type { Socket } from 'node:net'
import { sourceNetwork } from '../../lib/net/source-network.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import { type Hop, hopText } from '../message/hop.ts'
import type { Connection } from './connection.ts'

export interface ConnectionLimits {
  /** Kept at most (SipTcpMaxTCPConnections). */
  readonly connections: number
  /** Beyond so many of one source registrations keep none of its connections open. */
  readonly registeredOfSource: number
  /** One of ours that nothing was sent or received on for so long is closed, unless it is kept for ever. */
  readonly outboundIdleMs: number
  readonly isPersistent: (connection: Connection) => boolean
  /** Whether one of ours serves further transactions. */
  readonly isReused: (connection: Connection) => boolean
  /** Whether a phone is registered that is reached by it. */
  readonly isRegistered: (connection: Connection) => boolean
}

/** A message that takes longer than this to arrive is none: slow senders hold no memory for ever. */
const partialMs = 30_000
/** Who has not said anything yet. */
const silentMs = 60_000
const idleMs = 3_600_000
/** One of ours whose transaction is over: 64*T1, for which RFC 3261 §18 keeps it, and a peer may send its 2xx again. */
const finishedMs = 32_000
const sweepEveryMs = 5_000
/** Sources that are looked at for one that may go, and how long nobody looks again when there was none. */
const mostSources = 16
const fullMs = 100

/** What one source has. */
interface OfSource {
  readonly connections: Set<Connection>
  /** TLS that is not agreed on yet, by the far end; each has a descriptor like any other. */
  readonly handshakes: Map<string, Socket>
}

export class Connections {
  readonly #clock: Clock
  readonly #limits: ConnectionLimits
  readonly #byId = new Map<string, Connection>()
  readonly #outbound = new Map<string, Connection>()
  /** Those that others opened, by their far end: nothing else leads there. */
  readonly #inbound = new Map<string, Connection>()
  readonly #bySource = new Map<string, OfSource>()
  /** The source of each handshake, by the far end. */
  readonly #handshakes = new Map<string, string>()
  readonly #sweeping: Timer
  #fullUntilMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, limits: ConnectionLimits) {
    this.#clock = clock
    this.#limits = limits
    this.#sweeping = clock.every(sweepEveryMs, () => this.#sweep())
  }

  get size(): number {
    return this.#byId.size
  }

  /** TLS handshakes under way. */
  get handshakes(): number {
    return this.#handshakes.size
  }

  get(id: string): Connection | undefined {
    return this.#byId.get(id)
  }

  /** One of ours to this far end. */
  outboundTo(key: string): Connection | undefined {
    return this.#outbound.get(key)
  }

  /** The one that was opened from there. */
  inboundFrom(hop: Hop): Connection | undefined {
    return this.#inbound.get(hopText(hop))
  }

  all(): IterableIterator<Connection> {
    return this.#byId.values()
  }

  /** With a key it is found again by its far end. Ask `makeRoom` first. */
  add(connection: Connection, outboundKey?: string): void {
    this.#byId.set(connection.id, connection)
    if (outboundKey !== undefined) this.#outbound.set(outboundKey, connection)
    if (connection.isInbound) this.#inbound.set(hopText(connection.hop), connection)
    this.#of(sourceNetwork(connection.hop.address)).connections.add(connection)
  }

  /** A handshake begins; it counts as a connection until `endHandshake`, or the end of the socket. Ask `makeRoom` first. */
  addHandshake(far: string, address: string, socket: Socket): void {
    const source = sourceNetwork(address)
    this.#handshakes.set(far, source)
    this.#of(source).handshakes.set(far, socket)
    socket.once('close', () => {
      if (this.#bySource.get(source)?.handshakes.get(far) === socket) this.endHandshake(far)
    })
  }

  /** It became a connection, or nothing. */
  endHandshake(far: string): void {
    const source = this.#handshakes.get(far)
    if (source === undefined) return
    this.#handshakes.delete(far)
    this.#bySource.get(source)?.handshakes.delete(far)
    this.#forgetEmpty(source)
  }

  remove(connection: Connection, outboundKey?: string): void {
    if (!this.#byId.delete(connection.id)) return
    this.#fullUntilMs = Number.NEGATIVE_INFINITY
    if (outboundKey !== undefined && this.#outbound.get(outboundKey) === connection) this.#outbound.delete(outboundKey)
    const far = hopText(connection.hop)
    if (this.#inbound.get(far) === connection) this.#inbound.delete(far)
    const source = sourceNetwork(connection.hop.address)
    this.#bySource.get(source)?.connections.delete(connection)
    this.#forgetEmpty(source)
  }

  closeAll(): void {
    this.#sweeping.cancel()
    for (const { handshakes } of [...this.#bySource.values()])
      for (const socket of [...handshakes.values()]) socket.destroy()
    for (const connection of [...this.#byId.values()]) connection.end()
  }

  /** Nothing is under way on it, and nobody is reached by it. */
  isIdle(connection: Connection): boolean {
    return !connection.isHeld && !this.#limits.isRegistered(connection)
  }

  /**
   * False when there is no room for another one. Who has the most gives one, of those that carry nothing: a source that opens thousands,
   * of an IPv6 /64 from as many addresses, takes from itself.
   */
  makeRoom(): boolean {
    if (this.#byId.size + this.#handshakes.size < this.#limits.connections) return true
    if (this.#clock.monotonicMs() < this.#fullUntilMs) return false
    const sources = [...this.#bySource.values()].sort((one, other) => countOf(other) - countOf(one))
    if (sources.slice(0, mostSources).some((source) => this.#takeFrom(source))) return true
    this.#fullUntilMs = this.#clock.monotonicMs() + fullMs
    return false
  }

  #takeFrom({ connections, handshakes }: OfSource): boolean {
    const [handshake] = handshakes
    if (handshake) {
      const [far, socket] = handshake
      this.endHandshake(far)
      socket.destroy()
      return true
    }
    const isFull = connections.size > this.#limits.registeredOfSource
    let oldest: Connection | undefined
    for (const connection of connections) {
      if (connection.isHeld || (oldest && !this.#isSooner(connection, oldest))) continue
      // Nobody fills all places by registering over each of them.
      if ((isFull && !connection.isExempt) || !this.#limits.isRegistered(connection)) oldest = connection
    }
    oldest?.destroy('there are too many connections')
    return oldest !== undefined
  }

  /** Those of ours that are finished go first, then those that never said anything. */
  #isSooner(one: Connection, other: Connection): boolean {
    const rank = (connection: Connection): number => {
      if (!connection.isInbound && !this.#limits.isReused(connection)) return 0
      return connection.hasSpoken ? 2 : 1
    }
    return rank(one) - rank(other) < 0 || (rank(one) === rank(other) && one.usedMs < other.usedMs)
  }

  #of(source: string): OfSource {
    let of = this.#bySource.get(source)
    if (!of) {
      of = { connections: new Set(), handshakes: new Map() }
      this.#bySource.set(source, of)
    }
    return of
  }

  #forgetEmpty(source: string): void {
    const of = this.#bySource.get(source)
    if (of && countOf(of) === 0) this.#bySource.delete(source)
  }

  #mostIdleMs(connection: Connection): number {
    if (connection.isInbound) return connection.hasSpoken ? idleMs : silentMs
    if (this.#limits.isPersistent(connection)) return Number.POSITIVE_INFINITY
    return this.#limits.isReused(connection) ? this.#limits.outboundIdleMs : finishedMs
  }

  #sweep(): void {
    const now = this.#clock.monotonicMs()
    for (const connection of [...this.#byId.values()]) {
      connection.settle()
      const idle = now - connection.usedMs
      if (connection.partialSinceMs !== undefined && now - connection.partialSinceMs > partialMs)
        connection.destroy('a message did not end in time')
      else if (idle > this.#mostIdleMs(connection) && !connection.isHeld) connection.end()
    }
  }
}

function countOf({ connections, handshakes }: OfSource): number {
  return connections.size + handshakes.size
}
