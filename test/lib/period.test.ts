import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Period } from '../../lib/time/period.ts'

test('a period doubles until what a look costs is within its share, and shrinks again when there is less to look at', () => {
  const period = new Period(5_000, 0.01)
  assert.equal(period.ms, 5_000)
  for (const costMs of [300, 320, 310]) period.add(costMs)
  assert.equal(period.ms, 40_000, '300 ms of 40 s are less than a hundredth, of 20 s they are more')
  for (const costMs of [10, 12, 11]) period.add(costMs)
  assert.equal(period.ms, 5_000)
})

test('one look that was interrupted by others makes no difference', () => {
  const period = new Period(5_000, 0.01)
  for (const costMs of [20, 4_000, 22, 21]) period.add(costMs)
  assert.equal(period.ms, 5_000)
})
