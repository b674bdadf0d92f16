/** Rates beside those of a peer, the median of each, and what they are to be. */
import { judge } from '../smoke.ts'

/** MB a second, one for each round. */
export interface Figures {
  readonly peer: number[]
  readonly castellan: number[]
}

/** At least this many times as fast as the peer. */
const toMeet = 0.8

export async function rateOf(megabytes: number, run: () => Promise<void>): Promise<number> {
  const before = performance.now()
  await run()
  return megabytes / ((performance.now() - before) / 1000)
}

/** Prints it, and gives what judges it: all is measured before anything fails. */
export function compare(what: string, peerName: string, { peer, castellan }: Figures): () => void {
  const [theirs, ours] = [median(peer), median(castellan)]
  const ratio = ours / theirs
  process.stdout.write(
    `${what}: ${peerName} ${theirs.toFixed(0)} MB/s, castellan ${ours.toFixed(0)} MB/s, ${ratio.toFixed(2)}x (to meet: ${toMeet}x)\n`,
  )
  return () => judge(ratio >= toMeet, `${what} is ${ratio.toFixed(2)} times as fast as ${peerName}; expected ${toMeet}`)
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
}
