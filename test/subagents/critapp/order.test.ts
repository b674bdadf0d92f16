import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../../lib/time/clock.ts'
import { actInOrder } from '../../../subagents/critapp/supervision/order.ts'

test('one of the same number goes with the others, and one that is not due any more is passed over', () => {
  const clock = new ManualClock()
  const acted: string[] = []
  const busy = new Set(['a', 'b'])
  const orders: Record<string, number> = { a: 1, b: 1, c: 2, d: 3 }
  actInOrder(['d', 'c', 'b', 'a'], {
    clock,
    direction: 'ascending',
    orderOf: (item) => orders[item]!,
    act: (item) => acted.push(item),
    isOnItsWay: (item) => busy.has(item),
    isDue: (item) => item !== 'c',
  })
  assert.deepEqual(acted.sort(), ['a', 'b'])
  busy.delete('a')
  clock.advance(1000)
  assert.deepEqual(acted, ['a', 'b'])
  busy.delete('b')
  clock.advance(1000)
  assert.deepEqual(acted, ['a', 'b', 'd'])
})
