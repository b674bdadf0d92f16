/** What goes through the pipe between a job and the child that talks to a device: a length, a kind, a number, and octets. */
import { DecodeError } from '../../../lib/ber/decode-error.ts'

/** `id` is the request that it is about. */
export type Frame =
  | { readonly kind: 'message'; readonly id: number; readonly message: unknown }
  | { readonly kind: 'data'; readonly id: number; readonly octets: Buffer }

/** A listing of as many files as a folder may have, as JSON. */
const maxFrameOctets = 32 * 1024 * 1024
/** Length of what follows it (4 octets), kind (1), id (4). */
const headerOctets = 9
const kinds = { message: 1, data: 2 } as const

export function encodeMessage(id: number, message: object): Buffer {
  const content = Buffer.from(JSON.stringify(message))
  return Buffer.concat([header('message', id, content.length), content])
}

/** To be written before the octets themselves, which are not copied. */
export function dataHeader(id: number, octets: number): Buffer {
  return header('data', id, octets)
}

function header(kind: keyof typeof kinds, id: number, octets: number): Buffer {
  const bytes = Buffer.alloc(headerOctets)
  bytes.writeUInt32BE(headerOctets - 4 + octets, 0)
  bytes.writeUInt8(kinds[kind], 4)
  bytes.writeUInt32BE(id, 5)
  return bytes
}

/** Takes what comes in pieces of any size. Throws DecodeError for what is no frame, or larger than one may be. */
export class FrameReader {
  #chunks: Buffer[] = []
  #octets = 0

  /** The frames that are whole with this piece. */
  push(chunk: Buffer): Frame[] {
    const frames: Frame[] = []
    this.#chunks.push(chunk)
    this.#octets += chunk.length
    for (let length = this.#length(); length !== undefined && this.#octets >= 4 + length; length = this.#length())
      frames.push(decode(this.#take(4 + length)))
    return frames
  }

  #length(): number | undefined {
    if (this.#octets < 4) return undefined
    const [first = Buffer.alloc(0)] = this.#chunks
    if (first.length < 4) this.#chunks = [Buffer.concat(this.#chunks)]
    const length = this.#chunks[0]?.readUInt32BE(0) ?? 0
    if (length < headerOctets - 4 || length > maxFrameOctets)
      throw new DecodeError(`a frame of ${length} octets; expected ${headerOctets - 4} to ${maxFrameOctets}`, 0)
    return length
  }

  #take(octets: number): Buffer {
    const all = this.#chunks.length === 1 ? this.#chunks[0] : undefined
    const whole = all ?? Buffer.concat(this.#chunks)
    const rest = whole.subarray(octets)
    this.#chunks = rest.length > 0 ? [rest] : []
    this.#octets = rest.length
    return whole.subarray(0, octets)
  }
}

function decode(frame: Buffer): Frame {
  const id = frame.readUInt32BE(5)
  const content = frame.subarray(headerOctets)
  switch (frame[4]) {
    case kinds.data:
      return { kind: 'data', id, octets: content }
    case kinds.message:
      return { kind: 'message', id, message: parse(content) }
    default:
      throw new DecodeError(`a frame of kind ${frame[4]}; expected 1 or 2`, 4)
  }
}

function parse(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString('utf8'))
  } catch (cause) {
    throw new DecodeError(`a message that is not JSON: ${cause}`, headerOctets)
  }
}
