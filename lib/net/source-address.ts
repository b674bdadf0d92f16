/** From which of its addresses this machine reaches a destination: what the routes say, without a datagram sent. */
import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { isWildcardAddress, unmapped } from './address.ts'

export class SourceAddresses {
  readonly #sockets: readonly [Socket, Socket | undefined]
  #isClosed = false

  private constructor(v4: Socket, v6: Socket | undefined) {
    this.#sockets = [v4, v6]
  }

  static async open(): Promise<SourceAddresses> {
    const v6 = await openProbe('udp6').catch(() => undefined) // there may be no IPv6 here
    return new SourceAddresses(await openProbe('udp4'), v6)
  }

  /** The local address for a numeric destination; undefined when there is no route to it. */
  for(destination: string): string | undefined {
    const address = unmapped(destination)
    const socket = this.#sockets[isIPv6(address) ? 1 : 0]
    if (!socket) return undefined
    try {
      // connect(2) of UDP chooses the route and binds the address, and sends nothing; no resolver is asked, so it is done at once.
      socket.connect(discardPort, address)
      const { address: local } = socket.address()
      socket.disconnect()
      return isWildcardAddress(local) ? undefined : local
    } catch {
      return undefined // the next connect of this socket is as good as the first
    }
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const socket of this.#sockets) socket?.close()
  }
}

/** RFC 863; nothing is sent there. */
const discardPort = 9

async function openProbe(type: 'udp4' | 'udp6'): Promise<Socket> {
  const family = type === 'udp6' ? 6 : 4
  const socket = createSocket({ type, lookup: (host, _options, done) => done(null, host, family) })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close()
      reject(error)
    })
    socket.bind({ port: 0, exclusive: true }, resolve)
  })
  socket.removeAllListeners('error')
  socket.on('error', () => {}) // there was no route, as `for` has said
  // A disconnect gives the port back: between two questions the socket is bound to nothing.
  try {
    socket.connect(discardPort, type === 'udp6' ? '::1' : '127.0.0.1')
    socket.disconnect()
  } catch {
    // Not even loopback is up yet; the first destination that can be reached gives it back.
  }
  socket.unref()
  return socket
}
