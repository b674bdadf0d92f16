import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLog, silentLog } from '../../../lib/log/log.ts'
import { type Clock, ManualClock } from '../../../lib/time/clock.ts'
import { Pace, type Paced } from '../../../subagents/event/pace.ts'

function start() {
  const clock = new ManualClock()
  const lines: string[] = []
  const pace = new Pace({ clock, log: createLog({ component: 'pace', write: (line) => lines.push(line) }) })
  const at: number[] = []
  const paced = (periodMs: number, run: () => void = () => {}): Paced => ({
    periodMs,
    run: () => {
      at.push(clock.monotonicMs())
      run()
    },
  })
  const pass = async (ms: number, stepMs = 100): Promise<void> => {
    for (let passed = 0; passed < ms; passed += stepMs) {
      clock.advance(stepMs)
      await new Promise(setImmediate)
    }
  }
  return { pace, at, paced, pass, lines }
}

test('the interval goes from the beginning of one round to that of the next (mteTriggerFrequency)', async () => {
  const { pace, at, paced, pass } = start()
  pace.add(paced(1000), 300)
  await pass(3500)
  assert.deepEqual(at, [300, 1300, 2300, 3300])
  pace.stop()
})

test('rounds that a sleeping machine slept through are not made up for, and the beat stays', async () => {
  let nowMs = 0
  let ring: () => void = () => {}
  const clock: Clock = {
    now: () => nowMs,
    monotonicMs: () => nowMs,
    after: (_, run) => {
      ring = run
      return { cancel: () => {} }
    },
    every: () => assert.fail('one timer for all'),
  }
  const at: number[] = []
  const pace = new Pace({ clock, log: silentLog })
  pace.add({ periodMs: 1000, run: () => void at.push(nowMs) }, 0)
  for (const ms of [0, 10_400, 10_900, 11_000]) {
    nowMs = ms
    ring()
    await new Promise(setImmediate)
  }
  assert.deepEqual(at, [0, 10_400, 11_000])
})

test('one that is removed within a round does not run any more, and one that fails stops nobody', async () => {
  const { pace, at, paced, pass, lines } = start()
  const second = paced(1000)
  pace.add(
    paced(1000, () => {
      pace.remove(second)
      throw new Error('broken')
    }),
    0,
  )
  pace.add(second, 0)
  pace.add(paced(1000), 0)
  await pass(1500)
  assert.equal(at.length, 4, 'two of three, twice')
  assert.equal(lines.length, 2)
  assert.match(lines[0]!, /bug while sampling; the other triggers go on .*broken/)
  pace.stop()
})
