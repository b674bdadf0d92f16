/** What one worker tells another of transactions: the keys of those under way, and the hashes of those held. */
import { type FrameKind, frames } from './frames.ts'

export interface Handover {
  /** Who has them. */
  readonly worker: number
  readonly keys: readonly string[]
  /** Eight octets each. */
  readonly hashes: Buffer
}

/** As the frames that say it. */
export function handoverFrames({ worker, keys, hashes }: Handover): (readonly [FrameKind, Buffer])[] {
  return [
    [frames.liveKeys, Buffer.from(`${worker}\0${keys.join('\0')}`, 'latin1')],
    [frames.heldKeys, Buffer.concat([Buffer.from(`${worker}\0`, 'latin1'), hashes])],
  ]
}

/** What such a frame says. */
export function readHandover(kind: FrameKind, payload: Buffer): Handover {
  const end = payload.indexOf(0)
  const rest = payload.subarray(end + 1)
  const isOfKeys = kind === frames.liveKeys && rest.length > 0
  return {
    worker: Number(payload.toString('latin1', 0, end)),
    keys: isOfKeys ? rest.toString('latin1').split('\0') : [],
    hashes: kind === frames.heldKeys ? rest : Buffer.alloc(0),
  }
}
