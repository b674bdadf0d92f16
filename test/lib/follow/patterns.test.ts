import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Patterns, patternError } from '../../../lib/follow/patterns.ts'
import { systemClock } from '../../../lib/time/clock.ts'

const whole = { start: 0, stop: 0 }
const bomb = `${'a'.repeat(50)}!`

test('a pattern is tried on every line, and only on the columns that were chosen', async (t) => {
  const patterns = new Patterns({ clock: systemClock })
  t.after(() => patterns.close())
  const lines = ['error here', 'nothing', 'later an error']
  assert.deepEqual((await patterns.match({ source: 'error', ...whole }, lines)).matches, [0, 2])
  assert.deepEqual((await patterns.match({ source: 'error', start: 1, stop: 5 }, lines)).matches, [0])
  assert.deepEqual((await patterns.match({ source: '^an', start: 7, stop: 0 }, lines)).matches, [2])
  const many = Array.from({ length: 40_000 }, (_, i) => `${i}`)
  assert.equal((await patterns.match({ source: '7$', ...whole }, many)).matches.length, 4_000)
})

test('(a+)+$ is stopped, the lines around it are not lost, and other patterns are served', async (t) => {
  const patterns = new Patterns({ clock: systemClock })
  t.after(() => patterns.close())
  const [bad, good] = await Promise.all([
    patterns.match({ source: '(a+)+$', ...whole }, ['aa', bomb, 'za']),
    patterns.match({ source: 'b', ...whole }, ['abc']),
  ])
  assert.deepEqual(bad, { matches: [0, 2], offending: [1] })
  assert.deepEqual(good, { matches: [0], offending: [] })
})

test('a pattern that offends again and again is given up', async (t) => {
  const patterns = new Patterns({ clock: systemClock, limitMs: 50, maxOffences: 3 })
  t.after(() => patterns.close())
  const { offending } = await patterns.match({ source: '(a+)+$', ...whole }, [bomb, bomb, bomb, bomb])
  assert.deepEqual(offending, [0, 1, 2])
})

test('a job that waits when the patterns are closed is rejected', async () => {
  const patterns = new Patterns({ clock: systemClock })
  const waiting = patterns.match({ source: '(a+)+$', ...whole }, [bomb])
  const refused = assert.rejects(waiting)
  await patterns.close()
  await refused
})

test('what is no regular expression is said to be none', () => {
  assert.equal(patternError('a|b'), undefined)
  assert.match(patternError('(a')!, /Unterminated group/)
})
