import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Indexes, reuseAfterMs } from '../../../subagents/host/indexes.ts'

const nothing = (): boolean => false

test('what comes back within a day has the number it had, and nobody else had it meanwhile', () => {
  const indexes = new Indexes(11, 99)
  assert.deepEqual([indexes.of('eth0', 0), indexes.of('veth1', 0), indexes.of('eth0', 5)], [11, 12, 11])
  indexes.keepOnly((name) => name === 'eth0', 10)
  assert.equal(indexes.of('veth2', 9 + reuseAfterMs), 13)
  assert.equal(indexes.of('veth1', 9 + reuseAfterMs), 12)
})

test('links that come and go for ever take no more numbers than there were in a day', () => {
  const indexes = new Indexes(1, 1_000_000)
  const perDay = 100
  let most = 0
  for (let at = 0; at < perDay * 50; at++) {
    const nowMs = (at * reuseAfterMs) / perDay
    most = Math.max(most, indexes.of(`veth${at}`, nowMs)!)
    indexes.keepOnly(nothing, nowMs)
  }
  assert.ok(most <= perDay + 1, `${most}`)
})

test('a range that is full gives none rather than a number of the next range', () => {
  const indexes = new Indexes(1, 2)
  assert.deepEqual([indexes.of('a', 0), indexes.of('b', 0), indexes.of('c', 0)], [1, 2, undefined])
  indexes.keepOnly((name) => name === 'b', 0)
  assert.deepEqual([indexes.of('c', 1), indexes.of('c', reuseAfterMs)], [undefined, 1])
})
