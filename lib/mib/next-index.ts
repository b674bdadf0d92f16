/** The index that a manager is offered for a new row. */
const highestIndex = 0x7fff_ffff

/** One that no row has: beyond the highest while there is room, else the first gap; 0 when there is none. `used` is in ascending order. */
export function nextIndex(used: readonly number[]): number {
  const highest = used.at(-1) ?? 0
  if (highest < highestIndex) return highest + 1
  const gap = used.findIndex((index, at) => index !== at + 1)
  return gap < 0 ? 0 : gap + 1
}
