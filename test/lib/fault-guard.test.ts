import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLog } from '../../lib/log/log.ts'
import { FaultGuard } from '../../lib/process/fault-guard.ts'
import { ManualClock } from '../../lib/time/clock.ts'

test('an error costs its own work, and a thousand of them ten lines, with the others counted in the next', () => {
  const clock = new ManualClock()
  const lines: string[] = []
  const guard = new FaultGuard(clock, createLog({ component: 'test', write: (line) => lines.push(line) }))
  const fail = (): boolean =>
    guard.run('receiving', () => {
      throw new RangeError('a port that is none')
    })
  for (let i = 0; i < 1000; i++) assert.equal(fail(), false)
  assert.equal(lines.length, 10)
  assert.match(lines[0]!, / error +test: bug while receiving error="RangeError: a port that is none/)
  clock.advance(1000)
  fail()
  assert.match(lines[10]!, / heldBack=990\n$/)
  assert.equal(
    guard.run('receiving', () => {}),
    true,
  )
})
