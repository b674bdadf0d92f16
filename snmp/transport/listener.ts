/** What one listen address of the configuration comes to: a socket, or for a wildcard one socket for each address. */
import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { canonicalAddress, isWildcardAddress } from '../../lib/net/address.ts'
import { BindError, PerAddress } from '../../lib/net/per-address.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { type Address, formatAddress, type Remote, type Transport, UdpTransport } from './udp.ts'

export interface ListenerOptions {
  readonly address: Address
  readonly clock: Clock
  /** Every listen address of the agent: a wildcard leaves those of its port to their own listeners. */
  readonly others?: readonly Address[]
  /** Called for every datagram; the answer leaves by the transport given, and so from the address that was asked. */
  readonly onDatagram: (bytes: Uint8Array, remote: Remote, transport: Transport) => void
  readonly onError: (address: string, error: Error) => void
}

export class UdpListener {
  readonly #options: ListenerOptions
  #port: number
  #single: UdpTransport | undefined
  #each: PerAddress<UdpTransport> | undefined
  #isReading = false

  constructor(options: ListenerOptions) {
    this.#options = options
    this.#port = options.address.port
  }

  /** The address as configured, port 0 resolved. */
  get local(): Address {
    return { host: this.#options.address.host, port: this.#port }
  }

  /** The addresses that are served now. */
  get hosts(): string[] {
    return this.#each ? [...this.#each.sockets.keys()] : [this.#options.address.host]
  }

  /** Binds; nothing is read before `read`. Throws BindError. */
  async start(): Promise<void> {
    const { address, clock, others = [], onError } = this.#options
    const { host, port } = address
    if (!isWildcardAddress(host)) {
      this.#single = await this.#open(host).catch((error: unknown) => {
        throw new BindError(host, error)
      })
      this.#port = this.#single.local.port
      return
    }
    if (port === 0) this.#port = await freePort(host)
    this.#each = new PerAddress({
      wildcard: host,
      clock,
      except: new Set(others.filter((other) => other.port === port).map((other) => canonicalAddress(other.host))),
      open: (one) => this.#open(one),
      close: (transport) => transport.close(),
      onFailure: (one, error) => onError(formatAddress({ host: one, port: this.#port }), error),
    })
    await this.#each.start()
  }

  /** Takes datagrams from here on; those that came before were dropped. */
  read(): void {
    this.#isReading = true
  }

  stop(): void {
    this.#each?.stop()
    this.#single?.close()
    this.#single = undefined
  }

  async #open(host: string): Promise<UdpTransport> {
    const { onDatagram, onError } = this.#options
    const transport = new UdpTransport({ host, port: this.#port })
    await transport.start()
    transport.onError = (error) => onError(formatAddress(transport.local), error)
    transport.onDatagram = (bytes, remote) => {
      if (this.#isReading) onDatagram(bytes, remote, transport)
    }
    return transport
  }
}

/** A port that no address of the family has in use. */
async function freePort(host: string): Promise<number> {
  const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', ipv6Only: isIPv6(host) })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ address: host, port: 0, exclusive: true }, resolve)
  })
  const { port } = socket.address()
  socket.close()
  return port
}
