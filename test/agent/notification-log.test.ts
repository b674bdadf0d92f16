import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { notificationLog } from '../../agent/internal/notification-log.ts'
import { OctetAccount } from '../../lib/bounds/octet-account.ts'
import { View } from '../../lib/mib/view.ts'
import { type Clock, ManualClock } from '../../lib/time/clock.ts'

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
    engineId: new Uint8Array(5),
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

describe('what the log holds', () => {
  const clock = new ManualClock(0)
  const logOf = (octets: number) => {
    const account = new OctetAccount(octets)
    const log = notificationLog({
      filterNamed: () => new View([{ subtree: [1], mask: new Uint8Array(0), included: true }]),
      engineId: new Uint8Array(5),
      account,
    })
    const [entries, variables] = log.module.tables.slice(-2)
    const indexes = (): number[] => [...entries!.table.rows()].map((row) => row.nlmLogIndex as number)
    const variableCount = (): number => [...variables!.table.rows()].length
    return { log, account, indexes, variableCount }
  }
  const of = (varbinds: number, octets: number, last = 1) => ({
    trapOid: [1, 3, 6, last],
    upTimeTicks: 0,
    varbinds: Array.from({ length: varbinds }, (_, i) => ({
      name: [1, 3, 6, i],
      value: { type: 'OctetString', value: new Uint8Array(octets) } as const,
    })),
  })

  test('is bounded in octets: the oldest give way, with all their variables, and one that is larger than the log is not taken', () => {
    const { log, account, indexes, variableCount } = logOf(100_000)
    for (let i = 0; i < 50; i++) log.add(of(2, 5000), clock)
    assert.ok(account.held <= 100_000 && account.held > 60_000, `${account.held} octets`)
    assert.deepEqual(indexes(), [42, 43, 44, 45, 46, 47, 48, 49, 50])
    assert.equal(variableCount(), 18)
    assert.equal(account.refused, 0)
    log.add(of(2, 50_000), clock)
    assert.equal(account.refused, 1)
    assert.deepEqual(indexes().slice(-2), [49, 50], 'what was there stays')
  })

  test('of programs of others is a quarter of it at most, in octets and in entries: they push nothing of ours out', () => {
    const { log, account, indexes } = logOf(1_000_000)
    log.add(of(2, 100), clock)
    log.add(of(2, 100), clock, 'subagents')
    for (let i = 0; i < 200; i++) log.add(of(4, 1000), clock, 'others')
    assert.ok(account.heldBy('others') <= 250_000 && account.heldBy('others') > 200_000)
    assert.deepEqual(indexes().slice(0, 2), [1, 2])
    assert.equal(indexes().at(-1), 202)
    const small = logOf(100_000_000)
    small.log.add(of(0, 0), clock)
    for (let i = 0; i < 6000; i++) small.log.add(of(0, 0), clock, 'others')
    assert.equal(small.indexes().length, 5001, 'of 20,000 entries')
    assert.equal(small.indexes()[0], 1)
  })

  test('is given back when it ages out', () => {
    const { log, account } = logOf(100_000)
    log.add(of(2, 100), clock, 'others')
    clock.advance(1441 * minuteMs)
    log.age(clock)
    assert.deepEqual([account.held, account.heldBy('others')], [0, 0])
  })
})
