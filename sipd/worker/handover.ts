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

/** As the frames that say it. Keys as JSON: they have octets of strangers in them, and no separator that could not be one. */
export function handoverFrames({ worker, keys, hashes }: Handover): (readonly [FrameKind, Buffer])[] {
  const parts: (readonly [FrameKind, Buffer])[] = []
  for (let from = 0; from < keys.length; from += keysAtOnce) {
    const part = JSON.stringify(keys.slice(from, from + keysAtOnce))
    parts.push([frames.liveKeys, Buffer.from(`${worker}\0${part}`, 'utf8')])
  }
  return [...parts, [frames.heldKeys, Buffer.concat([Buffer.from(`${worker}\0`, 'latin1'), hashes])]]
}

/** What such a frame says. */
export function readHandover(kind: FrameKind, payload: Buffer): Handover {
  const end = payload.indexOf(0)
  const rest = payload.subarray(end + 1)
  return {
    worker: Number(payload.toString('latin1', 0, end)),
    keys: kind === frames.liveKeys ? (JSON.parse(rest.toString('utf8')) as string[]) : [],
    hashes: kind === frames.heldKeys ? rest : Buffer.alloc(0),
  }
}
