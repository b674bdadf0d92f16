/** Messages out of a stream (RFC 3261 §18.3): each ends where its Content-Length says, and between them there may be empty lines. */
import { headFault } from '../message/head.ts'
import { limits } from '../message/parse.ts'

/** Where messages begin is not known any more: the connection has to end. `head` is what there is of the request. */
export class FramingError extends Error {
  readonly status: number
  readonly head: Buffer

  constructor(status: number, message: string, head: Buffer) {
    super(message)
    this.status = status
    this.head = head
  }
}

export const maxBodyOctets = 262_144

const contentLength = /\n(?:content-length|l)[ \t]*:[ \t]*([^\r\n]*)/gi
const lf = 0x0a
const cr = 0x0d
/** RFC 5626 §3.5.1: two empty lines are a ping. */
const pingOctets = 4

export class Framer {
  /** What there is of the message that has begun; joined when it is whole, however small the pieces it comes in. */
  #pieces: Buffer[] = []
  #octets = 0
  /** Octets of the message that has begun, head and body; 0 while its end is not known. */
  #needed = 0
  /** Octets of empty lines since the last message or ping. */
  #blanks = 0

  /** True in the middle of a message. */
  get isPartial(): boolean {
    return this.#octets > 0
  }

  /**
   * Gives the whole messages that end in this chunk; `onPing` is called for each double empty line between messages.
   * Throws FramingError.
   */
  push(chunk: Buffer, onMessage: (octets: Buffer) => void, onPing: () => void): void {
    if (this.#octets > 0 && this.#octets + chunk.length < this.#needed) {
      this.#keep(chunk)
      return
    }
    let data = this.#octets === 0 ? chunk : Buffer.concat([...this.#pieces, chunk])
    this.#pieces = []
    this.#octets = 0
    for (;;) {
      if (this.#needed === 0) {
        data = data.subarray(this.#skipBlanks(data, onPing))
        if (data.length === 0) return
        this.#needed = this.#measure(data)
      }
      if (this.#needed === 0 || data.length < this.#needed) {
        this.#keep(data)
        return
      }
      const message = data.subarray(0, this.#needed)
      data = data.subarray(this.#needed)
      this.#needed = 0
      onMessage(message)
    }
  }

  #keep(data: Buffer): void {
    // A copy: the chunk's memory is the socket's, and a few octets must not keep all of it.
    this.#pieces.push(Buffer.from(data))
    this.#octets += data.length
  }

  /** The number of octets before the next message. */
  #skipBlanks(data: Buffer, onPing: () => void): number {
    let at = 0
    for (; at < data.length && (data[at] === cr || data[at] === lf); at++) {
      if (++this.#blanks < pingOctets) continue
      this.#blanks = 0
      onPing()
    }
    if (at < data.length) this.#blanks = 0
    return at
  }

  /** Octets of the message that begins here; 0 while its headers have no end yet. */
  #measure(data: Buffer): number {
    const headEnd = data.indexOf('\r\n\r\n')
    if (headEnd < 0) {
      if (data.includes('\n\n')) throw new FramingError(400, 'a line ends with LF alone', data)
      if (data.length > limits.headerOctets)
        throw new FramingError(413, `headers of more than ${limits.headerOctets} octets`, data)
      return 0
    }
    // Who means another end of a line, or of the head, does not mean the message that would be taken here.
    const fault = headFault(data.subarray(0, headEnd + 4))
    if (fault !== undefined) throw new FramingError(400, fault, data.subarray(0, headEnd + 4))
    const text = data.toString('latin1', 0, headEnd + 2)
    const head = /\r\n[ \t]/.test(text) ? text.replace(/\r\n[ \t]+/g, ' ') : text
    const found = [...head.matchAll(contentLength)]
    const end = headEnd + 4
    if (found.length === 0)
      throw new FramingError(400, 'Content-Length is missing, and a stream needs it', data.subarray(0, end))
    const length = found[0]![1]!.trim()
    if (found.length > 1 || !/^\d{1,9}$/.test(length))
      throw new FramingError(400, 'Content-Length is not one number', data.subarray(0, end))
    if (Number(length) > maxBodyOctets)
      throw new FramingError(413, `a body of more than ${maxBodyOctets} octets`, data.subarray(0, end))
    return end + Number(length)
  }
}
