import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../lib/time/clock.ts'
import { type TimerOwner, TimerWheel, WheelTimer } from '../../sipd/transaction/timer-wheel.ts'
import { randomFrom } from '../support/mutate.ts'
import { tickMs } from './transaction-support.ts'

/** A clock whose periodic timers can be held up, as those of a process that was stopped. */
function wheel() {
  const clock = new ManualClock()
  const bugs: unknown[] = []
  const timers = new TimerWheel(clock, (error) => bugs.push(error))
  const fired: [string, number][] = []
  const owner: TimerOwner = { onTimer: (name) => fired.push([name, clock.monotonicMs()]) }
  return { clock, timers, bugs, fired, timer: (name: string) => new WheelTimer(owner, name) }
}

test('a timer is never early and at most a tick late, be it due in 1 ms or in an hour', () => {
  const { clock, timers, fired, timer } = wheel()
  clock.advance(13)
  const delays = [1, 24, 25, 26, 500, 32_000, 102_399, 102_400, 102_401, 180_000, 3_600_000]
  for (const delay of delays) timers.set(timer(String(delay)), delay)
  clock.advance(3_700_000)
  assert.deepEqual(
    // Those of one tick fire in any order.
    fired.map(([name]) => Number(name)).sort((one, other) => one - other),
    delays,
  )
  for (const [name, at] of fired) {
    const lateMs = at - 13 - Number(name)
    assert.ok(lateMs >= 0 && lateMs <= tickMs, `${name} is ${lateMs} ms late`)
  }
})

test('a timer that is set again fires once, at the later time; one that is cancelled never', () => {
  const { clock, timers, fired, timer } = wheel()
  const again = timer('again')
  const never = timer('never')
  timers.set(again, 100)
  timers.set(never, 100)
  clock.advance(50)
  timers.set(again, 1000)
  never.cancel()
  never.cancel()
  assert.deepEqual([again.isSet, never.isSet], [true, false])
  clock.advance(5000)
  assert.deepEqual(fired, [['again', 1050]])
  assert.equal(again.isSet, false)
})

test('an owner that throws is told of, and the timers after it fire', () => {
  const { clock, timers, fired, bugs, timer } = wheel()
  timers.set(timer('before'), 100)
  timers.set(
    new WheelTimer(
      {
        onTimer: () => {
          throw new Error('a bug')
        },
      },
      'bug',
    ),
    100,
  )
  timers.set(timer('after'), 100)
  clock.advance(200)
  assert.equal(bugs.length, 1)
  assert.deepEqual(fired.map(([name]) => name).sort(), ['after', 'before'])
})

test('a timer may cancel and set others of its slot, and itself, while it fires', () => {
  const { clock, timers, fired, timer } = wheel()
  const others = ['a', 'b', 'c', 'd'].map(timer)
  const changing = new WheelTimer(
    {
      onTimer: () => {
        for (const other of others) other.cancel()
        timers.set(others[0]!, 50)
        timers.set(changing, 100)
      },
    },
    'changing',
  )
  for (const other of others.slice(0, 2)) timers.set(other, 100)
  timers.set(changing, 100)
  for (const other of others.slice(2)) timers.set(other, 99)
  clock.advance(100)
  const first = fired.length
  clock.advance(60)
  assert.ok(first <= 4)
  assert.deepEqual(fired.at(-1), ['a', 150])
  assert.equal(changing.isSet, true)
})

test('after a pause longer than a turn of the wheel all that fell due fires, once, and nothing else', () => {
  const run: (() => void)[] = []
  let nowMs = 0
  const held = {
    now: () => nowMs,
    monotonicMs: () => nowMs,
    after: () => ({ cancel: () => {} }),
    every: (_periodMs: number, tick: () => void) => {
      run.push(tick)
      return { cancel: () => {} }
    },
  }
  const timers = new TimerWheel(held, (error) => assert.fail(String(error)))
  const fired: number[] = []
  for (let delay = 10; delay < 400_000; delay += 997)
    timers.set(new WheelTimer({ onTimer: () => fired.push(delay) }, 'x'), delay)
  nowMs = 300_000
  for (const tick of run) tick()
  assert.ok(fired.every((delay) => delay <= 300_000))
  assert.equal(fired.length, Math.ceil((300_000 - 10) / 997))
  nowMs = 300_010
  for (const tick of run) tick()
  assert.equal(new Set(fired).size, fired.length)
})

test('whatever is set and cancelled in whatever order, each timer fires when it should (10,000 by chance)', () => {
  const { clock, timers, fired, timer } = wheel()
  const random = randomFrom(7)
  const dueMs = new Map<string, number>()
  const all = Array.from({ length: 200 }, (_, i) => timer(String(i)))
  for (let step = 0; step < 10_000; step++) {
    const chosen = all[Math.floor(random() * all.length)]!
    if (random() < 0.3) {
      chosen.cancel()
      dueMs.delete(chosen.name)
    } else {
      const delay = Math.floor(random() ** 4 * 200_000)
      timers.set(chosen, delay)
      dueMs.set(chosen.name, clock.monotonicMs() + delay)
    }
    fired.length = 0
    clock.advance(Math.floor(random() * 60))
    for (const [name, at] of fired) {
      const due = dueMs.get(name)
      assert.ok(due !== undefined && at >= due && at - due <= 2 * tickMs, `${name} fired at ${at}, due at ${due}`)
      dueMs.delete(name)
    }
    for (const [name, due] of dueMs) assert.ok(due + 2 * tickMs >= clock.monotonicMs(), `${name} did not fire`)
  }
})
