/** UDP sockets: octets and a remote address, nothing else. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'

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
  /** Called for every datagram; the octets are the receiver's to keep. */
  onDatagram: (bytes: Uint8Array, remote: RemoteInfo) => void = () => {}
  onError: (error: Error) => void = () => {}

  constructor(address: Address) {
    this.#address = address
    this.#socket = createSocket({
      type: isIPv6(address.host) ? 'udp6' : 'udp4',
      // Answers go to numeric addresses; without this every send waits a turn for a resolver that has nothing to do.
      lookup: (hostname, _options, callback) => callback(null, hostname, isIPv6(hostname) ? 6 : 4),
      recvBufferSize: 1 << 20,
      sendBufferSize: 1 << 20,
    })
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.once('error', reject)
      this.#socket.bind({ address: this.#address.host, port: this.#address.port, exclusive: true }, () => {
        this.#socket.off('error', reject)
        resolve()
      })
    })
    this.#socket.on('error', (error) => this.onError(error))
    this.#socket.on('message', (bytes, remote) => this.onDatagram(bytes, remote))
  }

  /** The address bound, port 0 resolved. */
  get local(): Address {
    const { address, port } = this.#socket.address()
    return { host: address, port }
  }

  send(bytes: Uint8Array, from: number, to: number, remote: Remote): boolean {
    this.#socket.send(bytes, from, to - from, remote.port, remote.address)
    // Most datagrams leave at once; one that the kernel cannot take now waits, by reference.
    return this.#socket.getSendQueueCount() > 0
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()))
  }
}

/** Reads `127.0.0.1:1161`, `[::1]:1161`. */
export function parseAddress(text: string): Address | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text)
  if (!match) return undefined
  const port = Number(match[3])
  return port <= 65_535 ? { host: match[1] ?? match[2]!, port } : undefined
}

export function formatAddress({ host, port }: Address): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`
}
