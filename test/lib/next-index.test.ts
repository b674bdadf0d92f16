import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextIndex } from '../../lib/mib/next-index.ts'

test('the next index is beyond the highest, and the first gap once there is nothing beyond', () => {
  assert.equal(nextIndex([]), 1)
  assert.equal(nextIndex([1, 2, 7]), 8)
  assert.equal(nextIndex([1, 2, 4, 2 ** 31 - 1]), 3)
  assert.equal(nextIndex([2, 2 ** 31 - 1]), 1)
})
