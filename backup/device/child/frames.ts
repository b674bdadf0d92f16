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

/**
 * Takes what comes in pieces of any size; data is passed on as it comes, in several frames of the same request, and lies in the
 * piece that was given: whoever keeps it copies it. Throws DecodeError
 * for what is no frame, or larger than one may be.
 */
export class FrameReader {
  readonly #header = Buffer.alloc(headerOctets)
  #headerFilled = 0
  /** Of the content, what has come of a message, and how much of a frame has not come yet. */
  #content: Buffer[] = []
  #left = 0

  push(chunk: Buffer): Frame[] {
    const frames: Frame[] = []
    for (let rest = chunk; rest.length > 0; ) {
      if (this.#headerFilled < headerOctets) {
        const filled = rest.copy(this.#header, this.#headerFilled)
        rest = rest.subarray(filled)
        this.#headerFilled += filled
        if (this.#headerFilled < headerOctets) break
        this.#left = contentOctetsOf(this.#header)
      }
      const part = rest.subarray(0, this.#left)
      rest = rest.subarray(part.length)
      this.#left -= part.length
      this.#take(part, frames)
    }
    return frames
  }

  #take(part: Buffer, frames: Frame[]): void {
    const id = this.#header.readUInt32BE(5)
    const isData = this.#header[4] === kinds.data
    if (part.length > 0) {
      if (isData) frames.push({ kind: 'data', id, octets: part })
      else this.#content.push(Buffer.from(part))
    }
    if (this.#left > 0) return
    if (!isData) frames.push({ kind: 'message', id, message: parse(Buffer.concat(this.#content)) })
    this.#content = []
    this.#headerFilled = 0
  }
}

function contentOctetsOf(header: Buffer): number {
  const kind = header[4]
  if (kind !== kinds.data && kind !== kinds.message)
    throw new DecodeError(`a frame of kind ${kind}; expected 1 or 2`, 4)
  const octets = header.readUInt32BE(0) - (headerOctets - 4)
  if (octets < 0 || octets > maxFrameOctets)
    throw new DecodeError(`a frame of ${octets} octets; expected 0 to ${maxFrameOctets}`, 0)
  return octets
}

function parse(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString('utf8'))
  } catch (cause) {
    throw new DecodeError(`a message that is not JSON: ${cause}`, headerOctets)
  }
}
