/** AgentX PDUs put together from whatever pieces arrive; what is held of one that is not whole yet is bounded. */
import { errorOf } from '../lib/errors.ts'
import { decodeHeader, type FrameHeader, headerLength } from './decode.ts'

export interface ConnectionLimits {
  /** Octets of the largest payload that is taken. */
  readonly largestPayload: () => number
  /** Asked before more is held, of a PDU that is not whole or for a peer that does not read; false ends the connection. */
  readonly hold: (octets: number) => boolean
  readonly release: (octets: number) => void
}

export interface FrameEvents {
  /** Asked when the header is there: false passes over the payload as it comes, and nothing is held of it. Who says so has answered. */
  reads(header: FrameHeader): boolean
  /** The payload is the receiver's only until it returns. */
  frame(header: FrameHeader, payload: Buffer): void
  /** Where the next PDU begins is not known: there is nothing to go on with. */
  lost(error: Error): void
}

const noBytes = Buffer.alloc(0)

export class Frames {
  readonly #limits: ConnectionLimits
  readonly #events: FrameEvents
  /** What has come of a PDU that is not whole yet: a buffer that grows, for its pieces may be single octets. */
  #partial: Buffer = noBytes
  #length = 0
  /** Octets that must be there before there is anything to do. */
  #due = headerLength
  /** Octets still to come of a payload that is passed over. */
  #unread = 0
  #isOver = false

  constructor(limits: ConnectionLimits, events: FrameEvents) {
    this.#limits = limits
    this.#events = events
  }

  /** Whether the beginning of a PDU waits for its rest. */
  get isPartial(): boolean {
    return this.#length > 0 || this.#unread > 0
  }

  receive(chunk: Buffer): void {
    if (this.#isOver) return
    const passed = Math.min(this.#unread, chunk.length)
    this.#unread -= passed
    let data = passed > 0 ? chunk.subarray(passed) : chunk
    if (this.#length > 0) {
      if (!this.#append(data)) return
      if (this.#length < this.#due) return
      data = this.#partial.subarray(0, this.#length)
      this.#limits.release(this.#partial.length)
      this.#partial = noBytes
      this.#length = 0
    }
    const end = this.#take(data)
    if (!this.#isOver && end < data.length) this.#append(data.subarray(end))
  }

  /** Gives up what is held; nothing is taken after this. */
  end(): void {
    this.#isOver = true
    this.#limits.release(this.#partial.length)
    this.#partial = noBytes
    this.#length = 0
  }

  /** Takes the whole PDUs, and passes over those that are not read; gives the place of what is left. */
  #take(data: Buffer): number {
    let at = 0
    this.#due = headerLength
    while (!this.#isOver && data.length - at >= headerLength) {
      const header = this.#headerAt(data, at)
      if (!header) return data.length
      const length = headerLength + header.payloadLength
      const isWhole = data.length - at >= length
      if (!this.#events.reads(header)) {
        if (!isWhole) this.#unread = length - (data.length - at)
        at = Math.min(at + length, data.length)
      } else if (isWhole) {
        const payload = data.subarray(at + headerLength, at + length)
        at += length
        this.#events.frame(header, payload)
      } else {
        this.#due = length
        return at
      }
    }
    return at
  }

  #headerAt(data: Buffer, at: number): FrameHeader | undefined {
    try {
      const header = decodeHeader(data, at)
      if (header.payloadLength > this.#limits.largestPayload())
        throw new Error(`a PDU of ${header.payloadLength} octets is too large`)
      return header
    } catch (error) {
      this.#isOver = true
      this.#events.lost(errorOf(error))
      return undefined
    }
  }

  #append(piece: Buffer): boolean {
    const length = this.#length + piece.length
    if (length > this.#partial.length) {
      const capacity = Math.max(length, Math.min(this.#due, Math.max(256, this.#partial.length * 2)))
      if (!this.#limits.hold(capacity - this.#partial.length)) {
        this.end()
        this.#events.lost(new Error('no room for the beginning of a PDU'))
        return false
      }
      const larger = Buffer.allocUnsafeSlow(capacity)
      this.#partial.copy(larger, 0, 0, this.#length)
      this.#partial = larger
    }
    piece.copy(this.#partial, this.#length)
    this.#length = length
    return true
  }
}
