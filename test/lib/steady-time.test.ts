import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock, systemClock } from '../../lib/time/clock.ts'
import { SteadyTime } from '../../lib/time/steady-time.ts'

test('steady time is the wall clock until that is set, and then says by how much', () => {
  const clock = new ManualClock(1_000_000)
  const time = new SteadyTime(clock)
  clock.advance(5000)
  assert.deepEqual([time.nowMs(), time.toWallMs()], [1_005_000, 0])
  clock.setWallClock(Date.UTC(2026, 10, 30))
  assert.equal(time.nowMs(), 1_005_000)
  assert.equal(time.nowMs() + time.toWallMs(), Date.UTC(2026, 10, 30))
  clock.setWallClock(0)
  clock.advance(1000)
  assert.deepEqual([time.nowMs(), time.nowMs() + time.toWallMs()], [1_006_000, 1000])
})

test("readings of the machine's two clocks a moment apart are no setting of one of them", () => {
  const time = new SteadyTime(systemClock)
  for (let i = 0; i < 1000; i++) assert.equal(time.toWallMs(), 0)
})
