/** What one worker tells another of transactions: the keys of those under way, and the hashes of those held. */
import { type FrameKind, frames } from './frames.ts'

export interface Handover {
  /** Who has them. */
  readonly worker: number
  readonly keys: readonly string[]
  /** Eight octets each. */
  readonly hashes: Buffer
}

/** So that a frame stays small, and is read in one go. */
const keysAtOnce = 2000

/** As the frames that say it: the worker's number, then the keys as JSON or the hashes. */
export function handoverFrames({ worker, keys, hashes }: Handover): (readonly [FrameKind, Buffer])[] {
  const head = Buffer.alloc(numberOctets)
  head.writeDoubleLE(worker)
  const parts: (readonly [FrameKind, Buffer])[] = []
  for (let from = 0; from < keys.length; from += keysAtOnce) {
    // A key has in it what came from the network: nothing but JSON keeps them apart.
    const part = JSON.stringify(keys.slice(from, from + keysAtOnce))
    parts.push([frames.liveKeys, Buffer.concat([head, Buffer.from(part, 'utf8')])])
  }
  return [...parts, [frames.heldKeys, Buffer.concat([head, hashes])]]
}

/** What such a frame says. */
export function readHandover(kind: FrameKind, payload: Buffer): Handover {
  const worker = payload.readDoubleLE()
  const rest = payload.subarray(numberOctets)
  if (kind === frames.heldKeys) return { worker, keys: [], hashes: rest }
  return { worker, keys: JSON.parse(rest.toString('utf8')) as string[], hashes: Buffer.alloc(0) }
}

const numberOctets = 8
