/** A UDP socket for SIP: datagrams in, text out, as few copies as can be. */
import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { messageOf } from '../../lib/errors.ts'
import { canBeAnswered, unmapped } from '../../lib/net/address.ts'

const largestDatagram = 65_507
/** What may wait in a socket whose kernel takes nothing; datagrams beyond it are lost, as in the network. */
const mostQueuedOctets = 8 << 20
/** What leaves is written here; one for all sockets, each of which is done with it before the next one writes. */
let scratch = Buffer.allocUnsafeSlow(largestDatagram)

export interface UdpOptions {
  readonly address: string
  readonly port: number
  readonly onDatagram: (octets: Buffer, address: string, port: number) => void
  readonly onError: (error: Error) => void
}

interface Datagram {
  readonly text: string
  readonly address: string
  readonly port: number
}

export class UdpSocket {
  readonly #options: UdpOptions
  readonly #socket: Socket
  #waiting: Datagram[] = []
  #flushing: NodeJS.Immediate | undefined
  #isClosed = false

  constructor(options: UdpOptions) {
    this.#options = options
    const isV6 = isIPv6(options.address)
    this.#socket = createSocket({
      type: isV6 ? 'udp6' : 'udp4',
      ipv6Only: isV6,
      // Only numeric addresses get here; without this every send waits a turn for a resolver that has nothing to do.
      lookup: (hostname, _options, callback) => callback(null, hostname, isV6 ? 6 : 4),
      recvBufferSize: 4 << 20,
      sendBufferSize: 4 << 20,
    })
  }

  /** Shares the descriptor with the other workers of one parent. */
  async start(): Promise<void> {
    const { address, port, onDatagram, onError } = this.#options
    await new Promise<void>((resolve, reject) => {
      const fail = (error: Error): void => {
        this.#isClosed = true
        this.#socket.close()
        reject(error)
      }
      this.#socket.once('error', fail)
      this.#socket.bind({ address, port, exclusive: false }, () => {
        this.#socket.off('error', fail)
        resolve()
      })
    })
    this.#socket.on('error', onError)
    this.#socket.on('message', (octets, remote) => {
      if (canBeAnswered(remote)) onDatagram(octets, unmapped(remote.address), remote.port)
    })
  }

  /** The port bound. */
  get port(): number {
    return this.#socket.address().port
  }

  /** Leaves with the others of this turn of the loop, or when the socket is closed; after that nothing does. */
  send(text: string, address: string, port: number): void {
    if (text.length > largestDatagram) {
      this.#options.onError(new Error(`a message of ${text.length} octets fits in no datagram`))
      return
    }
    if (this.#isClosed) return
    if (this.#waiting.push({ text, address, port }) === 1) this.#flushing = setImmediate(() => this.flush())
  }

  /**
   * All that one turn of the loop has to say, in its order: whoever reads it on this machine is woken once, not with each
   * datagram, which saves a sixth of what a registration costs (docs/performance.md).
   */
  flush(): void {
    if (this.#waiting.length === 0) return
    clearImmediate(this.#flushing)
    const datagrams = this.#waiting
    this.#waiting = []
    for (const { text, address, port } of datagrams) {
      if (this.#socket.getSendQueueCount() > 0) this.#enqueue(text, address, port)
      else {
        const length = scratch.write(text, 0, 'latin1')
        this.#send(scratch, length, address, port)
        // Most datagrams leave at once; one that the kernel cannot take now waits, by reference.
        if (this.#socket.getSendQueueCount() > 0) scratch = Buffer.allocUnsafeSlow(largestDatagram)
      }
    }
  }

  /** Behind others that wait: in memory of its own length, while there is room. */
  #enqueue(text: string, address: string, port: number): void {
    if (this.#socket.getSendQueueSize() + text.length > mostQueuedOctets)
      this.#options.onError(new Error('a datagram was lost: the system takes no more now'))
    else this.#send(Buffer.from(text, 'latin1'), text.length, address, port)
  }

  /** One that cannot be sent costs itself alone: the others of this turn leave. */
  #send(octets: Buffer, length: number, address: string, port: number): void {
    try {
      this.#socket.send(octets, 0, length, port, address)
    } catch (error) {
      this.#options.onError(new Error(`send to ${address} port ${port}: ${messageOf(error)}`, { cause: error }))
    }
  }

  close(): void {
    this.flush()
    this.#isClosed = true
    this.#socket.close()
  }
}
