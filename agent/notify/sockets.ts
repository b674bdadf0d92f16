/**
 * The sockets that notifications leave by: one for each family, and one for each loopback. What goes to this machine
 * alone leaves by a socket that others cannot reach.
 */
import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { isLoopbackAddress, unmapped } from '../../lib/net/address.ts'

export interface NotificationSocketsOptions {
  /** What came back to one of them. */
  readonly onDatagram: (bytes: Uint8Array, address: string, port: number) => void
  readonly onError: (error: Error) => void
}

export class NotificationSockets {
  readonly #options: NotificationSocketsOptions
  /** By the address that each is bound to. */
  readonly #sockets = new Map<string, Socket>()

  constructor(options: NotificationSocketsOptions) {
    this.#options = options
  }

  /** The address is numeric; `done` is called with an error when the datagram did not leave. */
  send(bytes: Uint8Array, port: number, address: string, done: (error: Error | null) => void): void {
    this.#socketFor(address).send(bytes, port, address, done)
  }

  async stop(): Promise<void> {
    const sockets = [...this.#sockets.values()]
    this.#sockets.clear()
    await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))))
  }

  #socketFor(address: string): Socket {
    const isV6 = isIPv6(address)
    const local = isLoopbackAddress(address) ? (isV6 ? '::1' : '127.0.0.1') : isV6 ? '::' : '0.0.0.0'
    return this.#sockets.get(local) ?? this.#open(local, isV6)
  }

  #open(local: string, isV6: boolean): Socket {
    const socket = createSocket({
      type: isV6 ? 'udp6' : 'udp4',
      ipv6Only: isV6,
      lookup: (host, _options, done) => done(null, host, isV6 ? 6 : 4),
    })
    socket.on('error', (error) => {
      // It could not be bound, or can do nothing any more: the next notification opens another one.
      if (this.#sockets.get(local) === socket) this.#sockets.delete(local)
      socket.close()
      this.#options.onError(error)
    })
    socket.on('message', (bytes, remote) => this.#options.onDatagram(bytes, unmapped(remote.address), remote.port))
    socket.bind({ address: local, port: 0, exclusive: true })
    socket.unref()
    this.#sockets.set(local, socket)
    return socket
  }
}
