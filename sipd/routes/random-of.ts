/** Chance that is the same each time for the same call. */

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
