import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../lib/clock.ts'

test('a manual clock runs its timers in the order they fall due, and only when advanced', () => {
  const clock = new ManualClock()
  const ran: string[] = []
  clock.after(20, () => ran.push('late'))
  clock.after(10, () => ran.push('early'))
  const ticking = clock.every(8, () => ran.push('tick'))
  assert.deepEqual(ran, [])
  clock.advance(20)
  assert.deepEqual(ran, ['tick', 'early', 'tick', 'late'])
  ticking.cancel()
  clock.advance(100)
  assert.equal(ran.length, 4)
})
