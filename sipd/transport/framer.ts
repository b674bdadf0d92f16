/** Messages out of a stream (RFC 3261 §18.3): each ends where its Content-Length says, and between them there may be empty lines. */
import { headEnd } from '../message/head.ts'
import { contentLengthOf, limits } from '../message/parse.ts'
import { Pieces } from './pieces.ts'

/** Where messages begin is not known any more: the connection has to end. `head` is what there is of the request. */
export class FramingError extends Error {
  readonly status: number
  /** For an answer. */
  readonly detail: string
  readonly head: Buffer

  constructor(status: number, message: string, head: Buffer) {
    super(message)
    this.status = status
    this.detail = message
    this.head = head
  }
}

export const maxBodyOctets = 262_144

const lf = 0x0a
const cr = 0x0d
/** What some phones send to keep their connection alive; nothing is due for it. */
const nul = 0x00
/** A request line, of whatever version; a status line. */
const ofSip = /SIP\/\d|^SIP\//i
/** RFC 5626 §3.5.1: two empty lines are a ping. */
const pingOctets = 4

const nothing = Buffer.alloc(0)
const firstOctets = 1024
const emptyLine = '\r\n\r\n'

export class Framer {
  /** What there is of a head that has begun, in the first octets; it doubles, so that small pieces cost no object each. */
  #head: Buffer = nothing
  /** So many octets of the head have been searched for its end. */
  #searched = 0
  #headOctets = 0
  /** What there is of a message whose length is known. */
  readonly #pieces = new Pieces()
  /** Octets that it will have, head and body; 0 while its head has no end. */
  #needed = 0
  /** Octets of empty lines since the last message or ping. */
  #blanks = 0

  /** True in the middle of a message. */
  get isPartial(): boolean {
    return this.#headOctets > 0 || this.#needed > 0
  }

  /** Octets of memory that the message under way takes. */
  get heldOctets(): number {
    return this.#head.length + this.#pieces.heldOctets
  }

  /** Forgets the message under way. */
  clear(): void {
    this.#head = nothing
    this.#headOctets = 0
    this.#searched = 0
    this.#pieces.clear()
    this.#needed = 0
  }

  /**
   * Gives the whole messages that end in this chunk; `onPing` is called for each double empty line between messages.
   * Throws FramingError.
   */
  push(chunk: Buffer, onMessage: (octets: Buffer) => void, onPing: () => void): void {
    let data = chunk
    if (this.#needed > 0) {
      const missing = this.#needed - this.#pieces.octets
      if (chunk.length < missing) {
        this.#pieces.add(chunk, missing)
        return
      }
      const message = this.#pieces.join(chunk.subarray(0, missing))
      this.#needed = 0
      onMessage(message)
      data = chunk.subarray(missing)
    } else if (this.#headOctets > 0) {
      this.#keepHead(chunk)
      if (!this.#hasHead()) return
      data = this.#head.subarray(0, this.#headOctets)
      this.clear()
    }
    for (;;) {
      data = data.subarray(this.#skipBlanks(data, onPing))
      if (data.length === 0) return
      const needed = this.#measure(data)
      if (needed === 0) {
        this.#keepHead(data)
        return
      }
      if (data.length < needed) {
        this.#needed = needed
        this.#pieces.add(data, needed)
        return
      }
      onMessage(data.subarray(0, needed))
      data = data.subarray(needed)
    }
  }

  /** A copy: the chunk's memory is the socket's, and a few octets must not keep all of it. */
  #keepHead(data: Buffer): void {
    const octets = this.#headOctets + data.length
    if (octets > this.#head.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(octets, firstOctets, 2 * this.#head.length))
      this.#head.copy(grown, 0, 0, this.#headOctets)
      this.#head = grown
    }
    data.copy(this.#head, this.#headOctets)
    this.#headOctets = octets
  }

  /** Whether the end of the headers has come; only what is new is searched. */
  #hasHead(): boolean {
    const from = Math.max(0, this.#searched - emptyLine.length + 1)
    const isThere = this.#head.subarray(from, this.#headOctets).includes(emptyLine)
    this.#searched = this.#headOctets
    return isThere || this.#headOctets > limits.headerOctets
  }

  /** The number of octets before the next message. */
  #skipBlanks(data: Buffer, onPing: () => void): number {
    let at = 0
    for (; at < data.length && isBlank(data[at]); at++) {
      if (data[at] === nul || ++this.#blanks < pingOctets) continue
      this.#blanks = 0
      onPing()
    }
    if (at < data.length) this.#blanks = 0
    return at
  }

  /** Octets of the message that begins here; 0 while its headers have no end yet. */
  #measure(data: Buffer): number {
    const end = headEnd(data)
    // Who means another end of a line, or of the head, does not mean the message that would be taken here.
    if (typeof end === 'string') throw new FramingError(400, end, data.subarray(0, limits.headerOctets))
    if (end === 0) {
      if (data.length > limits.headerOctets)
        throw new FramingError(413, `headers of more than ${limits.headerOctets} octets`, data)
      return 0
    }
    const refuse = (status: number, what: string): FramingError => new FramingError(status, what, data.subarray(0, end))
    // Another protocol: who speaks it would wait for an answer that no SIP server has.
    if (!ofSip.test(data.toString('latin1', 0, data.indexOf(lf)))) throw refuse(400, 'the first line is not one of SIP')
    const length = contentLengthOf(data.toString('latin1', 0, end))
    if (length === undefined) throw refuse(400, 'Content-Length is missing, and a stream needs it')
    if (typeof length === 'string') throw refuse(400, length)
    if (length > maxBodyOctets) throw refuse(413, `a body of more than ${maxBodyOctets} octets`)
    return end + length
  }
}

function isBlank(octet: number | undefined): boolean {
  return octet === cr || octet === lf || octet === nul
}
