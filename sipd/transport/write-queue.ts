/** What waits in a stream for a peer that does not read: bounded, and pongs as one write however many are due. */
import type { Socket } from 'node:net'
import type { Holding, Share } from '../account/ledger.ts'
import { ChargedQueue } from './charged-queue.ts'

/** What a peer that does not read may have waiting; then it is cut off. */
const mostQueuedOctets = 1 << 20
/** As many pings may wait for their pong: who sends more of them does not read. */
const mostPongs = 4096
const pong = '\r\n'

export class WriteQueue {
  readonly #socket: Socket
  readonly #charged: ChargedQueue
  #pongs = 0
  #isPongUnderWay = false

  constructor(socket: Socket, holding: Holding, share: Share) {
    this.#socket = socket
    this.#charged = new ChargedQueue(socket, holding, share)
  }

  /** False when the peer has to be cut off: it does not read, or there is no room for what waits. */
  write(text: string): boolean {
    const socket = this.#socket
    // What has to wait is flat octets: a text may be put together from parts of a far longer message, and would keep it.
    if (socket.connecting || socket.writableLength > 0) socket.write(Buffer.from(text, 'latin1'))
    else socket.write(text, 'latin1')
    return this.#charged.takes() && socket.writableLength <= mostQueuedOctets
  }

  /** RFC 5626 §3.5.1. A write of two octets takes a hundred of memory: pongs wait as a number behind the first. */
  pong(): boolean {
    if (this.#isPongUnderWay) return ++this.#pongs <= mostPongs
    this.#send(1)
    return true
  }

  /** Enters what waits now. */
  settle(): void {
    this.#charged.settle()
  }

  /** Nothing waits any more. */
  close(): void {
    this.#charged.close()
  }

  #send(pongs: number): void {
    this.#isPongUnderWay = true
    this.#socket.write(pong.repeat(pongs), 'latin1', () => {
      this.#isPongUnderWay = false
      const due = this.#pongs
      this.#pongs = 0
      if (due > 0 && !this.#socket.destroyed) this.#send(due)
    })
  }
}
