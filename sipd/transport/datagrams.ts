/** UDP of one process: its sockets, and what was read from them in turns of its sources. */
import { canonicalAddress } from '../../lib/net/address.ts'
import type { FaultGuard } from '../../lib/process/fault-guard.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { type Hop, hopText } from '../message/hop.ts'
import type { SipStatistics } from '../statistics/statistics.ts'
import { FairQueue } from './fair-queue.ts'
import { answerStun, isStun } from './stun.ts'
import { UdpListener } from './udp-listener.ts'

export interface DatagramsOptions {
  readonly listeners: readonly { readonly address: string; readonly port: number }[]
  readonly clock: Clock
  readonly faults: FaultGuard
  readonly statistics: SipStatistics
  readonly onMessage: (octets: Buffer, source: Hop) => void
  readonly onError: (error: Error) => void
  /** An address of the machine was added or went that a wildcard listener covers. */
  readonly onAddresses: () => void
}

export class Datagrams {
  readonly #options: DatagramsOptions
  readonly #arrived: FairQueue<{ readonly octets: Buffer; readonly source: Hop }>
  #udp: (UdpListener | undefined)[] = []

  constructor(options: DatagramsOptions) {
    this.#options = options
    const { faults, statistics } = options
    this.#arrived = new FairQueue({
      take: ({ octets, source }) => {
        try {
          this.#take(octets, source)
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

  /** Opens the socket of one listener, by its place among them. */
  async listen(listener: number): Promise<void> {
    const { listeners, clock, onError, onAddresses } = this.#options
    const own = listeners[listener]
    if (!own) return
    const { address, port } = own
    const others = listeners.filter((other) => other.port === port)
    const udp = new UdpListener({
      address,
      port,
      except: new Set(others.map((other) => canonicalAddress(other.address))),
      clock,
      onDatagram: (octets, remoteAddress, remotePort, local) => {
        const place = { address: remoteAddress, port: remotePort, listener, ...(local !== undefined && { local }) }
        const source: Hop = { transport: 'UDP', connection: undefined, ...place }
        this.#arrived.add(source.address, { octets, source }, octets.length)
      },
      onError,
      onAddresses,
    })
    await udp.start()
    this.#udp[listener] = udp
  }

  /** False when there is no socket any more. */
  send(text: string, hop: Hop): boolean {
    const listener = this.#udp[hop.listener] ?? this.#udp.find((udp) => udp !== undefined)
    listener?.send(text, hop.address, hop.port, hop.local)
    return listener !== undefined
  }

  close(): void {
    this.#arrived.finish()
    for (const udp of this.#udp) udp?.close()
    this.#udp = []
  }

  #take(octets: Buffer, source: Hop): void {
    if (!isStun(octets)) {
      this.#options.onMessage(octets, source)
      return
    }
    const answer = answerStun(octets, source)
    if (answer) this.send(answer.toString('latin1'), source)
  }
}
