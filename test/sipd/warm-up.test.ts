import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { initializeHome, resolveHome } from '../../lib/home/home.ts'
import { ManualClock } from '../../lib/time/clock.ts'
import { readConfig } from '../../sipd/config/read.ts'
import { WarmUp } from '../../sipd/worker/warm-up.ts'

const folder = mkdtempSync(join(tmpdir(), 'warm-up-'))
const home = resolveHome(join(folder, 'home'))
await initializeHome(home, 0)
// Beyond loopback, where strangers are refused.
writeFileSync(join(home.conf, 'sipd', 'sipd.conf'), 'Listen 203.0.113.1:5060\nUser root\n', { mode: 0o600 })
after(() => rm(folder, { recursive: true, force: true }))

/** What became of each request, in the order in which it was seen first. */
function warmUp(clock: ManualClock): { part: WarmUp; answers: Map<string, number> } {
  const answers = new Map<string, number>()
  const part = new WarmUp(readConfig(home), clock, ({ method, status }) => {
    const kind = `${method} ${status}`
    answers.set(kind, (answers.get(kind) ?? 0) + 1)
    return kind
  })
  return { part, answers }
}

test('a worker that warms up answers and refuses all kinds of requests, carries whole calls, and is done by itself', () => {
  const clock = new ManualClock()
  const { part, answers } = warmUp(clock)
  part.start()
  for (let slice = 0; !part.isOver; slice++) {
    assert.ok(slice < 100_000, 'it has no end')
    clock.advance(10)
  }
  const kinds = [
    ...['REGISTER 200', 'REGISTER 503', 'INVITE 200', 'INVITE 403', 'INVITE 404'],
    ...['BYE 200', 'BYE 404', 'OPTIONS 200', 'CANCEL 481'],
  ]
  assert.deepEqual([...answers.keys()].sort(), kinds.sort())
  assert.equal(answers.get('INVITE 200'), answers.get('OPTIONS 200'), 'a call of each round was answered')
  const before = new Map(answers)
  clock.advance(600_000)
  assert.deepEqual(answers, before)
})

test('what is stopped before its time does no more', () => {
  const clock = new ManualClock()
  const { part, answers } = warmUp(clock)
  part.start()
  clock.advance(10)
  part.stop()
  assert.equal(part.isOver, true)
  const before = new Map(answers)
  clock.advance(600_000)
  assert.deepEqual(answers, before)
})
