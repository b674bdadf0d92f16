/** In which order the routes of one pattern are tried: RFC 2782, by priority and then by weight. */

export interface Weighted {
  readonly priority: number
  readonly weight: number
}

/** `random` gives a number from 0 up to 1, another one each time. */
export function inOrder<T extends Weighted>(all: readonly T[], random: () => number): T[] {
  if (all.length < 2) return [...all]
  const priorities = [...new Set(all.map(({ priority }) => priority))].sort((one, other) => one - other)
  return priorities.flatMap((wanted) =>
    byWeight(
      all.filter(({ priority }) => priority === wanted),
      random,
    ),
  )
}

/** Those of weight 0 come first in the list, so that they have a small chance and no more. */
function byWeight<T extends Weighted>(all: readonly T[], random: () => number): T[] {
  const left = all.toSorted((one, other) => Number(one.weight > 0) - Number(other.weight > 0))
  const ordered: T[] = []
  while (left.length > 0) {
    const sum = left.reduce((total, { weight }) => total + weight, 0)
    const wanted = Math.floor(random() * (sum + 1))
    let running = 0
    const at = left.findIndex(({ weight }) => {
      running += weight
      return running >= wanted
    })
    ordered.push(...left.splice(Math.max(at, 0), 1))
  }
  return ordered
}

/**
 * The same numbers for the same text: a retransmission that a stateless proxy does not know, and the ACK of a 2xx, go where their
 * request went (RFC 3261 §16.11). FNV-1a, and the steps of mulberry32.
 */
export function randomOf(text: string): () => number {
  let state = 0x811c9dc5
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}
