import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../lib/time/clock.ts'
import { Watchdog } from '../../sipd/parent/watchdog.ts'

test('a worker that is silent for longer than it may be is found, and no other', () => {
  const clock = new ManualClock()
  const watchdog = new Watchdog(clock, 1000, 5000)
  const hangs = { aliveMs: 0 }
  const lives = { aliveMs: 0 }
  for (let second = 1; second <= 5; second++) {
    clock.advance(1000)
    lives.aliveMs = clock.monotonicMs()
    assert.deepEqual(watchdog.look([hangs, lives]), [])
  }
  clock.advance(1000)
  assert.deepEqual(watchdog.look([hangs, lives]), [hangs])
})

test('after a pause of the parent nobody is dead before there was time to say so', () => {
  const clock = new ManualClock()
  const watchdog = new Watchdog(clock, 1000, 5000)
  const worker = { aliveMs: 0 }
  clock.advance(60_000)
  assert.deepEqual(watchdog.look([worker]), [])
  for (let second = 1; second <= 5; second++) {
    clock.advance(1000)
    assert.deepEqual(watchdog.look([worker]), [])
  }
  clock.advance(1000)
  assert.deepEqual(watchdog.look([worker]), [worker], 'it hangs after all')
})
