/** Frames between workers: four octets of length, one of kind, and a payload. */
import { formatFlow, parseFlow } from '../message/flow.ts'
import type { Hop } from '../message/hop.ts'

export const frames = {
  /** The number of who connected. */
  hello: 1,
  /** A message from the network, for the one it is sent to: where it came from, then its octets. */
  received: 2,
  /** A message to the network, over a connection or socket of the one it is sent to: where it goes, then its octets. */
  send: 3,
  /** Changes of registrations. */
  changes: 4,
  /** Tell me what connections you have, and say when all changes of before are told. */
  subscribe: 5,
  /** So it is; an octet says whether the sender writes the file of registrations. */
  subscribed: 6,
  /** Server transactions under way, and those held: see handover.ts. */
  liveKeys: 7,
  heldKeys: 8,
  /** Connections that others opened to the sender, one a line: `+` or `-`, number, far end. */
  connections: 9,
  /** Calls that were answered, for the worker that takes their BYE: an array of EstablishedCall as JSON. */
  calls: 10,
  /** Give a page of all registrations, the first or the next; and that page: see registration-handover.ts. */
  askRegistrations: 11,
  registrations: 12,
  /** Addresses that the sender has not written, for the one it is sent to: as JSON. */
  unwritten: 13,
  /** The sender writes the file of registrations no more. */
  closed: 14,
  /** Connections of the one it is sent to that transactions of the sender are under way on: `+` or `-` and the number. */
  holds: 20,
} as const
export type FrameKind = (typeof frames)[keyof typeof frames]

const headOctets = 5
const mostOctets = 64 << 20

export function frame(kind: FrameKind, payload: Buffer): Buffer {
  const octets = Buffer.allocUnsafe(headOctets + payload.length)
  octets.writeUInt32LE(payload.length, 0)
  octets[4] = kind
  payload.copy(octets, headOctets)
  return octets
}

/** Cuts a stream into frames. Throws when a length cannot be. */
export class FrameReader {
  /** Of the frame that has begun: joined once all of it is there, for a long one comes in a thousand pieces. */
  #pieces: Buffer[] = []
  #octets = 0
  #needed = headOctets

  push(chunk: Buffer, onFrame: (kind: FrameKind, payload: Buffer) => void): void {
    this.#pieces.push(chunk)
    this.#octets += chunk.length
    if (this.#octets < this.#needed) return
    let data = this.#pieces.length > 1 ? Buffer.concat(this.#pieces) : chunk
    this.#needed = headOctets
    while (data.length >= headOctets) {
      const length = data.readUInt32LE(0)
      if (length > mostOctets) throw new Error(`a frame of ${length} octets`)
      this.#needed = headOctets + length
      if (data.length < this.#needed) break
      this.#needed = headOctets
      onFrame(data[4] as FrameKind, data.subarray(headOctets, headOctets + length))
      data = data.subarray(headOctets + length)
    }
    this.#pieces = data.length > 0 ? [Buffer.from(data)] : []
    this.#octets = data.length
  }
}

/** A message with its hop, and when it was read in microseconds: both in a line, then the text in Latin-1. */
export function encodeHopMessage(hop: Hop, text: string, readUs = 0): Buffer {
  return Buffer.from(`${readUs} ${formatFlow(hop)}\n${text}`, 'latin1')
}

export function decodeHopMessage(payload: Buffer): { hop: Hop; readUs: number; octets: Buffer } | undefined {
  const end = payload.indexOf(0x0a)
  const [readUs, flow = ''] = payload.toString('latin1', 0, Math.max(0, end)).split(' ')
  const hop = parseFlow(flow)
  return hop && { hop, readUs: Number(readUs), octets: payload.subarray(end + 1) }
}
