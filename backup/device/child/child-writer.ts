/** A file that is written through the child: so much may be on its way, and whoever writes more waits. */

import type { DeviceWriter } from '../device.ts'
import { untilAborted } from '../within.ts'
import type { Channel } from './channel.ts'
import { windowOctets } from './messages.ts'

const never = new AbortController().signal
/** A frame; what is larger is sent in several. */
const pieceOctets = 256 * 1024

export class ChildWriter implements DeviceWriter {
  readonly #channel: Channel
  readonly #signal: AbortSignal
  #id = 0
  #onTheWay = 0
  #failure: { readonly error: unknown } | undefined
  #wake: () => void = () => {}
  #isOpen = false

  constructor(channel: Channel, signal: AbortSignal) {
    this.#channel = channel
    this.#signal = signal
  }

  async begin(name: string): Promise<void> {
    const begun = new Promise((answer, fail) => {
      this.#id = this.#channel.start({ type: 'create', name }, { answer, fail })
    })
    try {
      await untilAborted(begun, this.#signal)
    } catch (error) {
      if (this.#signal.aborted) {
        this.#channel.cancel(this.#id)
        // It may be begun by now.
        this.#channel.start({ type: 'abort', writer: this.#id }, { answer: () => {}, fail: () => {} })
      }
      throw error
    }
    this.#isOpen = true
    this.#channel.listen(this.#id, {
      answer: () => {},
      taken: (octets) => {
        this.#onTheWay -= octets
        this.#wake()
      },
      fail: (error) => {
        this.#failure = { error }
        this.#wake()
      },
    })
  }

  async write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length; at += pieceOctets) {
      const piece = chunk.subarray(at, at + pieceOctets)
      await this.#untilOnTheWay(windowOctets - piece.length)
      this.#onTheWay += piece.length
      this.#channel.sendData(this.#id, piece)
    }
  }

  /** The child has all that was written before it is asked: one pipe keeps their order. */
  async commit(): Promise<void> {
    if (this.#failure) throw this.#failure.error
    try {
      await this.#channel.request({ type: 'commit', writer: this.#id }, this.#signal)
    } catch (error) {
      if (this.#signal.aborted) this.#channel.send(this.#id, { type: 'cancel' })
      throw error
    }
    this.#close()
  }

  async abort(): Promise<void> {
    if (!this.#isOpen) return
    this.#close()
    await this.#channel.request({ type: 'abort', writer: this.#id }, never).catch(() => {}) // the child is gone
  }

  #close(): void {
    this.#isOpen = false
    this.#channel.forget(this.#id)
  }

  async #untilOnTheWay(most: number): Promise<void> {
    for (;;) {
      this.#signal.throwIfAborted()
      if (this.#failure) throw this.#failure.error
      if (this.#onTheWay <= most) return
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      await untilAborted(woken, this.#signal)
    }
  }
}
