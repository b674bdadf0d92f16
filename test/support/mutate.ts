/** Mutations of valid messages, the same for the same seed: what a hostile or broken peer may send. */

/** A small generator of numbers (mulberry32); enough for choosing what to break. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000
  }
}

export function mutate(message: Uint8Array, random: () => number): Uint8Array {
  let bytes = Array.from(message)
  const at = (): number => Math.floor(random() * (bytes.length + 1))
  const octet = (): number => Math.floor(random() * 256)
  for (let times = 1 + Math.floor(random() * 4); times > 0; times--) {
    switch (Math.floor(random() * 6)) {
      case 0:
        bytes[Math.min(at(), bytes.length - 1)] = octet()
        break
      case 1:
        bytes = bytes.slice(0, at())
        break
      case 2:
        bytes.splice(at(), 0, ...Array.from({ length: Math.floor(random() * 8) }, octet))
        break
      case 3:
        bytes.splice(at(), 1 + Math.floor(random() * 4))
        break
      case 4: // lengths and tags at their extremes
        bytes[Math.min(at(), bytes.length - 1)] = [0x00, 0x7f, 0x80, 0x81, 0x84, 0xff][Math.floor(random() * 6)]!
        break
      default: {
        const from = at()
        bytes.push(...bytes.slice(from, from + Math.floor(random() * 40)))
      }
    }
  }
  return Uint8Array.from(bytes)
}
