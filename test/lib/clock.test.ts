import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock, systemClock } from '../../lib/time/clock.ts'

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

/** As setTimeout counts them; Node runs a longer timer after a millisecond. */
const steps = 2 ** 31 - 1
const month = 30 * 86_400_000

test('a timer of a month runs after a month, and not at once', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  const ran: string[] = []
  systemClock.after(month, () => ran.push('month'))
  systemClock.after(steps, () => ran.push('longest step'))
  systemClock.after(4_294_967_295_000, () => ran.push('the longest of 32 bits of seconds'))
  context.mock.timers.tick(steps - 1)
  assert.deepEqual(ran, [])
  context.mock.timers.tick(1)
  assert.deepEqual(ran, ['longest step'])
  context.mock.timers.tick(month - steps - 1)
  assert.equal(ran.length, 1)
  context.mock.timers.tick(1)
  assert.deepEqual(ran, ['longest step', 'month'])
})

test('a timer of a month can be cancelled in each of its steps', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  let ran = 0
  const first = systemClock.after(month, () => ran++)
  first.cancel()
  const second = systemClock.after(month, () => ran++)
  context.mock.timers.tick(steps + 5)
  second.cancel()
  context.mock.timers.tick(month)
  assert.equal(ran, 0)
})

test('what comes every month comes every month, until it is cancelled', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  let ran = 0
  const timer = systemClock.every(month, () => ran++)
  for (const expected of [1, 2, 3]) {
    // A timer that is set within a mocked tick begins at its end: no tick goes beyond the end of a step.
    context.mock.timers.tick(steps)
    context.mock.timers.tick(month - steps)
    assert.equal(ran, expected)
  }
  timer.cancel()
  context.mock.timers.tick(2 * month)
  assert.equal(ran, 3)
})
