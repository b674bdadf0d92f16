import assert from 'node:assert/strict'
import { test } from 'node:test'
import { View } from '../../agent/access/view.ts'
import { notificationLog } from '../../agent/internal/notification-log.ts'
import { type Clock, ManualClock } from '../../lib/clock.ts'

const minuteMs = 60_000

test('a clock that is set takes nothing out of the log: nlmConfigGlobalAgeOut counts minutes that have passed', () => {
  const clock = new ManualClock(0)
  let setByMs = 0
  const wall: Clock = {
    now: () => clock.now() + setByMs,
    monotonicMs: () => clock.monotonicMs(),
    after: (delayMs, run) => clock.after(delayMs, run),
    every: (periodMs, run) => clock.every(periodMs, run),
  }
  const log = notificationLog({
    filterNamed: () => new View([{ subtree: [1], mask: new Uint8Array(0), included: true }]),
    engineId: () => new Uint8Array(5),
  })
  const entries = log.module.tables.at(-2)!
  const held = (): number => [...entries.table.rows()].length
  log.add({ trapOid: [1, 3], upTimeTicks: 0, varbinds: [] }, wall)
  assert.equal(held(), 1)
  setByMs = Date.UTC(2026, 0, 1)
  log.age(wall)
  assert.equal(held(), 1, 'the clock was set from 1970 to 2026')
  clock.advance(1441 * minuteMs)
  log.age(wall)
  assert.equal(held(), 0)
})
