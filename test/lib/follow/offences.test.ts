import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { silentLog } from '../../../lib/log/log.ts'
import { ManualClock } from '../../../lib/time/clock.ts'
import { Monitor } from '../../../subagents/log/monitor.ts'

const folder = mkdtempSync(join(tmpdir(), 'castellan-offences-'))
after(() => rmSync(folder, { recursive: true }))
const minuteMs = 60_000
const hourMs = 60 * minuteMs
let files = 0

/** A monitor whose pattern is slow on lines that say so, polled by hand. */
async function watched() {
  const path = join(folder, `log ${++files}`)
  writeFileSync(path, '')
  const clock = new ManualClock()
  const problems: string[] = []
  const spec = {
    index: 1,
    descr: '',
    fileName: path,
    regExp: 'error',
    matchStart: 0,
    matchStop: 0,
    matchCommand: '',
    matchTrap: false,
    maxSizeOctets: 0,
    maxSizeCommand: '',
    maxSizeTrap: false,
    pollSeconds: 0,
    seed: { offset: 0, tail: new Uint8Array(0) },
  }
  const at = (lines: readonly string[], word: string): number[] =>
    lines.flatMap((line, i) => (line.includes(word) ? [i] : []))
  const monitor = new Monitor(spec, {
    clock,
    log: silentLog,
    patterns: { match: async (_, lines) => ({ matches: at(lines, 'error'), offending: at(lines, 'slow') }) },
    events: { happened: () => {}, problem: (_, sentence) => problems.push(sentence) },
    maxNotifications: () => 0,
    commit: async () => {},
  })
  monitor.start()
  await monitor.poll()
  return {
    monitor,
    problems,
    /** What the row shows when these lines were written and looked at. */
    async write(...lines: string[]): Promise<string | undefined> {
      appendFileSync(path, lines.map((line) => `${line}\n`).join(''))
      await monitor.poll()
      return monitor.operState
    },
    async pass(ms: number): Promise<string | undefined> {
      clock.advance(ms)
      await monitor.poll()
      return monitor.operState
    },
  }
}

test('a pattern that was slow once is good again after ten minutes without a slow line', async () => {
  const { write, pass, monitor } = await watched()
  assert.equal(await write('slow'), 'badRegExp')
  assert.equal(await pass(9 * minuteMs), 'badRegExp')
  assert.equal(await write('error'), 'badRegExp')
  assert.equal(await pass(minuteMs), 'ok')
  assert.deepEqual([monitor.lastError, monitor.matches], ['', 1])
  for (const _ of [1, 2]) assert.equal(await write('slow'), 'badRegExp', 'what was forgiven does not count')
  await monitor.stop()
})

test('a pattern that was given up is tried again after an hour, at the end of the file, then after two', async () => {
  const { write, pass, monitor, problems } = await watched()
  assert.equal(await write('slow', 'slow', 'slow'), 'disabled')
  assert.match(problems.at(-1)!, /for the third time; it is tried again after 1 h, at the end of the file$/)
  assert.equal(await write('error meanwhile'), 'disabled')
  assert.equal(await pass(hourMs), 'badRegExp')
  assert.equal(await write('error'), 'badRegExp')
  assert.equal(monitor.matches, 1, 'what was written meanwhile is not gone through')
  assert.equal(await write('slow'), 'disabled')
  assert.match(problems.at(-1)!, /it is tried again after 2 h/)
  assert.equal(await pass(hourMs), 'disabled')
  assert.equal(await pass(hourMs), 'badRegExp')
  assert.equal(await pass(10 * minuteMs), 'ok')
  assert.equal(await write('error'), 'ok')
  assert.equal(monitor.matches, 2)
  assert.equal(await write('slow', 'slow', 'slow'), 'disabled')
  assert.match(problems.at(-1)!, /after 1 h/, 'after it was good')
  await monitor.stop()
})
