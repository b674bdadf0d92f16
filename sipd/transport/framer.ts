/** Messages out of a stream (RFC 3261 §18.3): each ends where its Content-Length says, and between them there may be empty lines. */
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

export class Framer {
  #pending: Buffer | undefined
  /** Octets of the message that has begun, head and body; 0 while its end is not known. */
  #needed = 0

  /** True in the middle of a message. */
  get isPartial(): boolean {
    return this.#pending !== undefined
  }

  /**
   * Gives the whole messages that end in this chunk; `onPing` is called for each double empty line between messages (RFC 5626 §3.5.1).
   * Throws FramingError.
   */
  push(chunk: Buffer, onMessage: (octets: Buffer) => void, onPing: () => void): void {
    let data = this.#pending ? Buffer.concat([this.#pending, chunk]) : chunk
    this.#pending = undefined
    for (;;) {
      if (this.#needed === 0) {
        const blanks = leadingBlanks(data)
        if (blanks >= 4) onPing()
        if (blanks > 0) data = data.subarray(blanks)
        if (data.length === 0) return
        this.#needed = this.#measure(data)
      }
      if (this.#needed === 0 || data.length < this.#needed) {
        // A copy: the chunk's memory is the socket's, and a few octets must not keep all of it.
        this.#pending = Buffer.from(data)
        return
      }
      const message = data.subarray(0, this.#needed)
      data = data.subarray(this.#needed)
      this.#needed = 0
      onMessage(message)
    }
  }

  /** Octets of the message that begins here; 0 while its headers have no end yet. */
  #measure(data: Buffer): number {
    const headEnd = data.indexOf('\r\n\r\n')
    if (headEnd < 0) {
      if (data.length > limits.headerOctets)
        throw new FramingError(413, `headers of more than ${limits.headerOctets} octets`, data)
      return 0
    }
    const head = data.toString('latin1', 0, headEnd + 2)
    const found = [...head.matchAll(contentLength)]
    const end = headEnd + 4
    if (found.length === 0)
      throw new FramingError(400, 'Content-Length is missing, and a stream needs it', data.subarray(0, end))
    const text = found[0]![1]!.trim()
    if (found.length > 1 || !/^\d{1,9}$/.test(text))
      throw new FramingError(400, 'Content-Length is not one number', data.subarray(0, end))
    if (Number(text) > maxBodyOctets)
      throw new FramingError(413, `a body of more than ${maxBodyOctets} octets`, data.subarray(0, end))
    return end + Number(text)
  }
}

function leadingBlanks(data: Buffer): number {
  let at = 0
  while (at < data.length && (data[at] === cr || data[at] === lf)) at++
  return at
}
