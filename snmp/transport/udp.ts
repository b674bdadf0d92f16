/** A UDP socket: octets and a remote address, nothing else. */
import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { canBeAnswered, hostAndPort, reachableHost, unmapped } from '../../lib/net/address.ts'

export interface Remote {
  readonly address: string
  readonly port: number
}

export interface Address {
  readonly host: string
  readonly port: number
}

/** Octets in, octets out; engines and tests know no more of a transport. */
export interface Transport {
  /** True when the octets are still to be sent, and must not be written over. */
  send(bytes: Uint8Array, from: number, to: number, remote: Remote): boolean
}

export class UdpTransport implements Transport {
  readonly #socket: Socket
  readonly #address: Address
  #isClosed = false
  /** Called for every datagram; the octets are the receiver's to keep. */
  onDatagram: (bytes: Uint8Array, remote: Remote) => void = () => {}
  onError: (error: Error) => void = () => {}

  /** `host` is one address of this machine; for a wildcard, whose answers leave from any address, see UdpListener. */
  constructor(address: Address) {
    this.#address = address
    const isV6 = isIPv6(address.host)
    this.#socket = createSocket({
      type: isV6 ? 'udp6' : 'udp4',
      // IPv4 has listeners of its own, and its managers must not come as ::ffff:192.0.2.1.
      ipv6Only: isV6,
      // Answers go to numeric addresses of this family; without this every send waits a turn for a resolver that has nothing to do.
      lookup: (hostname, _options, callback) => callback(null, hostname, isV6 ? 6 : 4),
      recvBufferSize: 1 << 20,
      sendBufferSize: 1 << 20,
    })
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const fail = (error: Error): void => {
        this.#socket.close()
        reject(error)
      }
      this.#socket.once('error', fail)
      this.#socket.bind({ address: this.#address.host, port: this.#address.port, exclusive: true }, () => {
        this.#socket.off('error', fail)
        resolve()
      })
    })
    this.#socket.on('error', (error) => this.onError(error))
    this.#socket.on('message', (bytes, remote) => {
      if (canBeAnswered(remote)) this.onDatagram(bytes, { address: unmapped(remote.address), port: remote.port })
    })
  }

  /** The address bound, port 0 resolved. */
  get local(): Address {
    const { address, port } = this.#socket.address()
    return { host: address, port }
  }

  send(bytes: Uint8Array, from: number, to: number, remote: Remote): boolean {
    if (this.#isClosed) return false
    this.#socket.send(bytes, from, to - from, remote.port, remote.address)
    // Most datagrams leave at once; one that the kernel cannot take now waits, by reference.
    return this.#socket.getSendQueueCount() > 0
  }

  /** Answers that are given after this are dropped. */
  close(): void {
    this.#isClosed = true
    this.#socket.close()
  }
}

/** Reads `127.0.0.1:1161`, `[::1]:1161`, and a link-local address with its link, `[fe80::1%eth0]:1161` (RFC 4007 §11). */
export function parseAddress(text: string): Address | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|([^:[\]]+)):(\d{1,5})$/.exec(text)
  if (!match) return undefined
  const port = Number(match[3])
  return port <= 65_535 ? { host: unmapped(match[1] ?? match[2]!), port } : undefined
}

export function formatAddress({ host, port }: Address): string {
  return hostAndPort(host, port)
}

/** Where an agent of this machine is asked that listens on this address: a wildcard has a loopback address in its place. */
export function addressToAsk(listenAddress: string): Address {
  const { host, port } = parseAddress(listenAddress) ?? { host: '127.0.0.1', port: 161 }
  return { host: reachableHost(host), port }
}
