/** A stable merge sort in steps, fast for what is nearly in order; Array.sort would hold up every request. */

type Compare = (a: number, b: number) => number

const stepItems = 64

/** Sorts in place, but for a copy; a step is some items. */
export function* sortInSteps(items: Uint32Array, compare: Compare): Generator<void> {
  let runs = [0]
  for (let at = 1; at < items.length; at++) {
    if (compare(items[at - 1]!, items[at]!) > 0) runs.push(at)
    if (at % stepItems === 0) yield
  }
  const other = new Uint32Array(runs.length > 1 ? items.length : 0)
  while (runs.length > 1) {
    const merged: number[] = []
    for (let run = 0; run < runs.length; run += 2) {
      const from = runs[run]!
      const to = runs[run + 2] ?? items.length
      merged.push(from)
      if (runs[run + 1] !== undefined) yield* merge(items, other, from, runs[run + 1]!, to, compare)
    }
    runs = merged
  }
}

/** Makes one run of two that are neighbours. */
function* merge(
  items: Uint32Array,
  other: Uint32Array,
  from: number,
  middle: number,
  to: number,
  compare: Compare,
): Generator<void> {
  // What is before the first of the right run is in its place, and what is behind the last of the left one.
  let left = from
  while (left < middle && compare(items[left]!, items[middle]!) <= 0) if (++left % stepItems === 0) yield
  other.set(items.subarray(left, middle), left)
  let right = middle
  for (let put = left; left < middle; put++) {
    if (right < to && compare(items[right]!, other[left]!) < 0) items[put] = items[right++]!
    else items[put] = other[left++]!
    if (put % stepItems === 0) yield
  }
}
