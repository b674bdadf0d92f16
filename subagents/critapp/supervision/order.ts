/** Starting and stopping several processes in the order of critAppStartOrder. */
import type { Clock, Timer } from '../../../lib/time/clock.ts'

export interface Ordering<T> {
  readonly clock: Clock
  readonly direction: 'ascending' | 'descending'
  orderOf(item: T): number
  act(item: T): void
  /** The next number waits for it. */
  isOnItsWay(item: T): boolean
  /** Asked when its turn comes: what is wanted may have changed meanwhile. */
  isDue(item: T): boolean
}

const lookEveryMs = 50

/**
 * Those of the first number at once; the next when none of these is on its way any more. Gives what waits for that;
 * nothing when all were of one number.
 */
export function actInOrder<T>(items: readonly T[], ordering: Ordering<T>): Timer | undefined {
  const { clock, direction, orderOf, act, isOnItsWay, isDue } = ordering
  const sign = direction === 'ascending' ? 1 : -1
  let left = [...items].sort((a, b) => sign * (orderOf(a) - orderOf(b)))
  let current: T[] = []
  let timer: Timer | undefined
  const step = (): void => {
    for (let [next] = left; next !== undefined && !current.some(isOnItsWay); [next] = left) {
      const first = orderOf(next)
      current = left.filter((item) => orderOf(item) === first)
      left = left.filter((item) => orderOf(item) !== first)
      for (const item of current) if (isDue(item)) act(item)
    }
    if (left.length === 0) timer?.cancel()
  }
  step()
  if (left.length === 0) return undefined
  timer = clock.every(lookEveryMs, step)
  return timer
}
