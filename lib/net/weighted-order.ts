/** The order in which RFC 2782 has targets tried: by priority, and within one by chance and weight. */

export interface Weighted {
  readonly priority: number
  readonly weight: number
}

/** `random` gives a number from 0 up to 1. */
export function weightedOrder<T extends Weighted>(
  targets: readonly T[],
  random: () => number = Math.random,
): readonly T[] {
  if (targets.length < 2) return targets
  const ordered: T[] = []
  // Those of weight 0 stand first in each priority, so that they are chosen seldom, and not never.
  const left = [...targets].sort((one, other) => one.priority - other.priority || one.weight - other.weight)
  for (let [next] = left; next !== undefined; [next] = left) {
    const { priority } = next
    const group = left.filter((one) => one.priority === priority)
    const chosen = choose(group, random) ?? next
    left.splice(left.indexOf(chosen), 1)
    ordered.push(chosen)
  }
  return ordered
}

/** RFC 2782: a whole number from 0 to the sum of the weights, and the first whose running sum is not below it. */
function choose<T extends Weighted>(group: readonly T[], random: () => number): T | undefined {
  const sum = group.reduce((total, { weight }) => total + weight, 0)
  let left = Math.floor(random() * (sum + 1))
  return group.find(({ weight }) => {
    const isChosen = left <= weight
    left -= weight
    return isChosen
  })
}
