/** A TCP or TLS connection that carries SIP: framing, keep-alive, a bounded queue. */
import type { Socket } from 'node:net'
import type { Hop, TransportName } from '../message/source.ts'
import { Framer, FramingError } from './framer.ts'

/** What a peer that does not read may have waiting; then it is cut off. */
const mostQueuedOctets = 1 << 20
const mostDroppedOctets = 1 << 16

export interface ConnectionUser {
  onMessage(octets: Buffer, source: Hop): void
  /** What cannot be framed; the connection ends after the answer. */
  onFramingError(error: FramingError, source: Hop): void
  /** An error that nobody expected; the connection ends. */
  onBug(error: unknown, source: Hop): void
  onClosed(connection: Connection, why: Error): void
}

export class Connection {
  readonly id: string
  /** Its far end and the listener it belongs to. */
  readonly hop: Hop
  readonly isInbound: boolean
  /** When something was last sent or received, on the monotonic clock. */
  usedMs: number
  /** When the message under way began; undefined between messages. */
  partialSinceMs: number | undefined
  /** True once a whole message came in: somebody who speaks SIP. */
  hasSpoken = false
  isOpen = true
  readonly #socket: Socket
  readonly #user: ConnectionUser
  readonly #nowMs: () => number
  readonly #framer = new Framer()
  #isConnecting: boolean
  #isEnding = false
  /** Of messages given before the connection stood. */
  #onFailure: ((error: Error) => void)[] = []

  constructor(
    id: string,
    socket: Socket,
    far: { transport: TransportName; address: string; port: number; listener: number },
    isInbound: boolean,
    user: ConnectionUser,
    nowMs: () => number,
  ) {
    this.id = id
    this.hop = { ...far, connection: id }
    this.isInbound = isInbound
    this.#socket = socket
    this.#user = user
    this.#nowMs = nowMs
    this.usedMs = nowMs()
    this.#isConnecting = !isInbound
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on(far.transport === 'TLS' ? 'secureConnect' : 'connect', () => {
      this.#isConnecting = false
      this.#onFailure = []
    })
    socket.on('error', (error) => this.#close(error))
    socket.on('close', () => this.#close(new Error('the connection was closed')))
  }

  write(text: string, failed?: (error: Error) => void): void {
    if (!this.isOpen) {
      failed?.(new Error('the connection is closed'))
      return
    }
    this.usedMs = this.#nowMs()
    if (this.#isConnecting && failed) this.#onFailure.push(failed)
    this.#socket.write(text, 'latin1')
    if (this.#socket.writableLength > mostQueuedOctets) this.destroy('the peer does not read')
  }

  /** Ends when what was written has left; at the second time whatever the peer does. */
  end(): void {
    if (this.#isEnding) this.destroy('the peer did not close its side')
    else this.#isEnding = true
    this.#socket.end()
  }

  destroy(reason: string): void {
    this.#socket.destroy()
    this.#close(new Error(reason))
  }

  #receive(chunk: Buffer): void {
    const now = this.#nowMs()
    this.usedMs = now
    try {
      this.#framer.push(
        chunk,
        (octets) => {
          this.hasSpoken = true
          this.#user.onMessage(octets, this.hop)
        },
        // RFC 5626 §3.5.1: a ping gets a pong.
        () => this.write('\r\n'),
      )
      if (!this.#framer.isPartial) this.partialSinceMs = undefined
      else this.partialSinceMs ??= now
    } catch (error) {
      if (!(error instanceof FramingError)) {
        this.#user.onBug(error, this.hop)
        this.destroy('it could not be read')
        return
      }
      this.#user.onFramingError(error, this.hop)
      this.end()
      this.#drop()
    }
  }

  /** What it still sends is read to nowhere for a while, so that the answer arrives before the reset. */
  #drop(): void {
    this.#socket.removeAllListeners('data')
    this.partialSinceMs ??= this.#nowMs()
    let dropped = 0
    this.#socket.on('data', ({ length }: Buffer) => {
      dropped += length
      if (dropped > mostDroppedOctets) this.destroy('it goes on after its message was refused')
    })
  }

  #close(error: Error): void {
    if (!this.isOpen) return
    this.isOpen = false
    const failures = this.#onFailure
    this.#onFailure = []
    this.#user.onClosed(this, error)
    for (const failed of failures) failed(error)
  }
}
