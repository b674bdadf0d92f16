import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OctetAccount } from '../../lib/bounds/octet-account.ts'
import { limitedLog } from '../../lib/log/limited-log.ts'
import { createLog } from '../../lib/log/log.ts'
import { ManualClock } from '../../lib/time/clock.ts'

test('a sentence is logged ten times at once and then once a second, with how many were held back; others go on', () => {
  const clock = new ManualClock()
  const lines: string[] = []
  const log = limitedLog(createLog({ component: 'test', write: (line) => lines.push(line) }), clock)
  for (let i = 0; i < 100; i++) log.error('bug while receiving', { i })
  assert.equal(lines.length, 10)
  log.child('part').warn('something else')
  log.notice('and more')
  assert.equal(lines.length, 12)
  clock.advance(1000)
  log.error('bug while receiving')
  log.error('bug while receiving')
  assert.equal(lines.length, 13)
  assert.match(lines.at(-1)!, /bug while receiving heldBack=90/)
})

test('an account refuses and counts what goes beyond it or beyond the share of a source, and forgets sources that hold nothing', () => {
  const account = new OctetAccount(100, 60)
  assert.equal(account.take(60, 'one'), true)
  assert.equal(account.take(1, 'one'), false, 'its share')
  assert.equal(account.take(40, 'other'), true)
  assert.equal(account.take(1, 'third'), false, 'all of it')
  assert.deepEqual([account.held, account.refused], [100, 2])
  account.give(60, 'one')
  assert.equal(account.heldBy('one'), 0)
  assert.equal(account.take(60, 'third'), true)
  account.give(60, 'third')
  account.give(40, 'other')
  assert.equal(account.held, 0)
})

test('the sources of one site have twice a share in an account, three quarters of it at most', () => {
  const account = new OctetAccount(100, 50)
  assert.deepEqual(
    [account.take(40, 'a1', 'a'), account.take(35, 'a2', 'a'), account.take(1, 'a3', 'a'), account.take(25, 'b1', 'b')],
    [true, true, false, true],
  )
  account.give(35, 'a2', 'a')
  assert.deepEqual([account.heldBy('a'), account.heldBy('a2'), account.held], [40, 0, 65])
})
