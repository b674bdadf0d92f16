import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RateLimit } from '../../lib/bounds/rate-limit.ts'
import { ManualClock } from '../../lib/time/clock.ts'

test('a burst passes, then one a second, and the next that passes tells how many were held back', () => {
  const clock = new ManualClock()
  const limit = new RateLimit(clock, 3, 1)
  assert.deepEqual(
    [limit.take(), limit.take(), limit.take(), limit.take(), limit.take()],
    [0, 0, 0, undefined, undefined],
  )
  clock.advance(999)
  assert.equal(limit.take(), undefined)
  clock.advance(1)
  assert.equal(limit.take(), 3)
  clock.advance(60_000)
  assert.deepEqual([limit.take(), limit.take(), limit.take(), limit.take()], [0, 0, 0, undefined])
})
