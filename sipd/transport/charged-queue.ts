/** What waits in a stream to leave, entered in the account whenever it is looked at. */
import type { Socket } from 'node:net'
import { type Holding, reserveFactor, type Share } from '../account/ledger.ts'

export class ChargedQueue {
  readonly #socket: Socket
  readonly #holding: Holding
  readonly #share: Share
  #charged = 0

  constructor(socket: Socket, holding: Holding, share: Share) {
    this.#socket = socket
    this.#holding = holding
    this.#share = share
    socket.on('drain', () => this.settle())
  }

  /** Enters what waits now; without it what has left since the last write counts until the next. */
  settle(): void {
    const waiting = this.#socket.writableLength
    if (waiting === this.#charged) return
    this.#share.charge(this.#holding, waiting - this.#charged)
    this.#charged = waiting
  }

  /** After a write: false when there is no room for what waits now, which is mostly answers to what was taken. */
  takes(): boolean {
    const waiting = this.#socket.writableLength
    const more = waiting - this.#charged
    if (more === 0) return true
    if (more < 0) this.settle()
    else if (!this.#share.take(this.#holding, more, reserveFactor)) return false
    this.#charged = waiting
    return true
  }

  /** Nothing waits any more. */
  close(): void {
    this.#share.charge(this.#holding, -this.#charged)
    this.#charged = 0
  }
}
