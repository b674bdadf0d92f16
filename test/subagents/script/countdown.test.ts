import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../../lib/time/clock.ts'
import { Countdown } from '../../../subagents/script/countdown.ts'
import { endless } from '../../../subagents/script/mib.ts'

function countdown(ticks: number, endlessTicks?: number) {
  const clock = new ManualClock()
  let zeros = 0
  return { clock, counted: new Countdown(clock, ticks, () => zeros++, endlessTicks), zeros: () => zeros }
}

test('a TimeInterval ticks backwards while it is let go, and stands still while it is held', () => {
  const { clock, counted, zeros } = countdown(100)
  clock.advance(5000)
  assert.equal(counted.ticks, 100)
  counted.go()
  clock.advance(400)
  assert.equal(counted.ticks, 60)
  counted.hold()
  clock.advance(10_000)
  assert.equal(counted.ticks, 60)
  counted.go()
  clock.advance(599)
  assert.deepEqual([counted.ticks, zeros()], [1, 0])
  clock.advance(1)
  assert.deepEqual([counted.ticks, zeros()], [0, 1])
  clock.advance(10_000)
  assert.equal(zeros(), 1)
})

test('setting it begins again from there, and 0 is reached at once', () => {
  const { clock, counted, zeros } = countdown(10)
  counted.go()
  counted.set(500)
  clock.advance(4990)
  assert.deepEqual([counted.ticks, zeros()], [1, 0])
  counted.set(0)
  assert.equal(zeros(), 1)
})

test('its highest value stands for ever where it may, and lasts 248 days where it may not', () => {
  const never = countdown(endless, endless)
  never.counted.go()
  never.clock.advance(400 * 86_400_000)
  assert.deepEqual([never.counted.ticks, never.zeros()], [endless, 0])
  const long = countdown(endless)
  long.counted.go()
  long.clock.advance(endless * 10 - 10)
  assert.deepEqual([long.counted.ticks, long.zeros()], [1, 0])
  long.clock.advance(10)
  assert.equal(long.zeros(), 1)
})
