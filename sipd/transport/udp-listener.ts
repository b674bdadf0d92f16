/** One Listen of sipd.conf over UDP: a socket, or for a wildcard address one socket for each address of the machine. */

import { canonicalAddress, isWildcardAddress } from '../../lib/net/address.ts'
import { PerAddress } from '../../lib/net/per-address.ts'
import { SourceAddresses } from '../../lib/net/source-address.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { UdpSocket } from './udp.ts'

export interface UdpListenerOptions {
  readonly address: string
  readonly port: number
  /** Addresses with a Listen of their own on this port. */
  readonly except: ReadonlySet<string>
  readonly clock: Clock
  /** `local` is the address that it was sent to, where the machine has several behind this listener. */
  readonly onDatagram: (octets: Buffer, address: string, port: number, local: string | undefined) => void
  readonly onError: (error: Error) => void
  /** The addresses of the machine behind this listener are others than before. */
  readonly onAddresses: () => void
}

export class UdpListener {
  readonly #options: UdpListenerOptions
  #single: UdpSocket | undefined
  #each: PerAddress<UdpSocket> | undefined
  #sources: SourceAddresses | undefined

  constructor(options: UdpListenerOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    const { address, except, clock, onError, onAddresses } = this.#options
    if (!isWildcardAddress(address)) {
      this.#single = await this.#open(address, undefined)
      return
    }
    this.#sources = await SourceAddresses.open()
    this.#each = new PerAddress({
      wildcard: address,
      clock,
      except,
      open: (local) => this.#open(local, canonicalAddress(local)),
      close: (socket) => socket.close(),
      onFailure: (_local, error) => onError(error),
      onChange: onAddresses,
    })
    await this.#each.start()
  }

  /**
   * RFC 3261 §18.2.2 with RFC 3581 §4: a response leaves from the address that its request was sent to, which `local` is.
   * A request leaves from the address that the routes say.
   */
  send(text: string, address: string, port: number, local: string | undefined): void {
    this.#socketFor(address, local)?.send(text, address, port)
  }

  /** What waits to be sent leaves now, and not at the end of the loop's turn. */
  flush(): void {
    this.#single?.flush()
    for (const socket of this.#each?.sockets.values() ?? []) socket.flush()
  }

  close(): void {
    this.#single?.close()
    this.#each?.stop()
    this.#sources?.close()
  }

  #socketFor(destination: string, local: string | undefined): UdpSocket | undefined {
    if (this.#single) return this.#single
    const sockets = this.#each?.sockets
    const asked = local === undefined ? undefined : sockets?.get(local)
    if (asked) return asked
    const source = this.#sources?.for(destination)
    const routed = source === undefined ? undefined : sockets?.get(source)
    // An address that is newer than the last look at them has no socket yet; any other is better than silence.
    return routed ?? sockets?.values().next().value
  }

  async #open(address: string, local: string | undefined): Promise<UdpSocket> {
    const { port, onDatagram, onError } = this.#options
    const socket = new UdpSocket({
      address,
      port,
      onDatagram: (octets, from, fromPort) => onDatagram(octets, from, fromPort, local),
      onError,
    })
    await socket.start()
    return socket
  }
}
