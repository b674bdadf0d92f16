/** All connections of one process: found by their number or their far end, bounded, and swept when they idle. */
import type { Socket } from 'node:net'
import { sourceNetwork } from '../../lib/net/source-network.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import { type Hop, hopText } from '../message/hop.ts'
import type { Connection } from './connection.ts'

export interface ConnectionLimits {
  /** Kept at most; of the source with the most the longest idle one goes then (SipTcpMaxTCPConnections). */
  readonly connections: number
  /** One of ours that nothing was sent or received on for so long is closed. */
  readonly outboundIdleMs: number
}

/** A message that takes longer than this to arrive is none: slow senders hold no memory for ever. */
const partialMs = 30_000
/** Who has not said anything yet. */
const silentMs = 60_000
const idleMs = 3_600_000
const sweepEveryMs = 5_000

export class Connections {
  readonly #clock: Clock
  readonly #limits: ConnectionLimits
  readonly #byId = new Map<string, Connection>()
  readonly #outbound = new Map<string, Connection>()
  /** Those that others opened, by their far end: nothing else leads there. */
  readonly #inbound = new Map<string, Connection>()
  readonly #perSource = new Map<string, number>()
  /** TLS that is not agreed on yet, by the far end; each has a descriptor like any other. */
  readonly #handshakes = new Map<string, { readonly socket: Socket; readonly source: string }>()
  readonly #sweeping: Timer

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

  /** With a key it is found again by its far end. */
  add(connection: Connection, outboundKey?: string): void {
    this.#makeRoom()
    this.#byId.set(connection.id, connection)
    if (outboundKey !== undefined) this.#outbound.set(outboundKey, connection)
    if (connection.isInbound) this.#inbound.set(hopText(connection.hop), connection)
    this.#count(sourceNetwork(connection.hop.address), 1)
  }

  /** A handshake begins; it counts as a connection until `endHandshake`, or the end of the socket. */
  addHandshake(far: string, address: string, socket: Socket): void {
    this.#makeRoom()
    const source = sourceNetwork(address)
    this.#handshakes.set(far, { socket, source })
    this.#count(source, 1)
    socket.once('close', () => {
      if (this.#handshakes.get(far)?.socket === socket) this.endHandshake(far)
    })
  }

  /** It became a connection, or nothing. */
  endHandshake(far: string): void {
    const handshake = this.#handshakes.get(far)
    if (!handshake) return
    this.#handshakes.delete(far)
    this.#count(handshake.source, -1)
  }

  remove(connection: Connection, outboundKey?: string): void {
    if (!this.#byId.delete(connection.id)) return
    if (outboundKey !== undefined && this.#outbound.get(outboundKey) === connection) this.#outbound.delete(outboundKey)
    const far = hopText(connection.hop)
    if (this.#inbound.get(far) === connection) this.#inbound.delete(far)
    this.#count(sourceNetwork(connection.hop.address), -1)
  }

  closeAll(): void {
    this.#sweeping.cancel()
    for (const { socket } of [...this.#handshakes.values()]) socket.destroy()
    for (const connection of [...this.#byId.values()]) connection.end()
  }

  /** Who has the most gives one: a source that opens thousands, of an IPv6 /64 from as many addresses, takes from itself. */
  #makeRoom(): void {
    if (this.#byId.size + this.#handshakes.size < this.#limits.connections) return
    let most = ''
    for (const [source, count] of this.#perSource) if (count > (this.#perSource.get(most) ?? 0)) most = source
    for (const [far, { socket, source }] of this.#handshakes) {
      if (source !== most) continue
      this.endHandshake(far)
      socket.destroy()
      return
    }
    let oldest: Connection | undefined
    for (const connection of this.#byId.values())
      if (sourceNetwork(connection.hop.address) === most && (!oldest || isSooner(connection, oldest)))
        oldest = connection
    oldest?.destroy('there are too many connections')
  }

  #count(source: string, by: 1 | -1): void {
    const count = (this.#perSource.get(source) ?? 0) + by
    if (count === 0) this.#perSource.delete(source)
    else this.#perSource.set(source, count)
  }

  #mostIdleMs({ isInbound, hasSpoken }: Connection): number {
    if (!isInbound) return this.#limits.outboundIdleMs
    return hasSpoken ? idleMs : silentMs
  }

  #sweep(): void {
    const now = this.#clock.monotonicMs()
    for (const connection of [...this.#byId.values()]) {
      connection.settle()
      const idle = now - connection.usedMs
      if (connection.partialSinceMs !== undefined && now - connection.partialSinceMs > partialMs)
        connection.destroy('a message did not end in time')
      else if (idle > this.#mostIdleMs(connection)) connection.end()
    }
  }
}

/** Those that never said anything go before those that did. */
function isSooner(one: Connection, other: Connection): boolean {
  if (one.hasSpoken !== other.hasSpoken) return !one.hasSpoken
  return one.usedMs < other.usedMs
}
