import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RestartHistory } from '../../../subagents/critapp/process/restart-history.ts'

test('delays double up to five minutes with some jitter, and what is long ago does not count', () => {
  const history = new RestartHistory()
  const rules = { intervalMs: 30_000, maxRestarts: 0, windowMs: 600_000 }
  const delays = [0, 1, 2, 3, 4, 5].map((minute) => history.next(minute * 60_000, rules, () => 0))
  assert.deepEqual(delays, [30_000, 60_000, 120_000, 240_000, 300_000, 300_000])
  assert.equal(
    history.next(3_600_000, rules, () => 1),
    33_000,
    'an hour later it is the first again',
  )
})
