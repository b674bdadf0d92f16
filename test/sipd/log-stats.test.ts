import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLog, silentLog } from '../../lib/log/log.ts'
import { ManualClock } from '../../lib/time/clock.ts'
import { createErrorLog, debugFlags, logLevel, logLevelWords } from '../../sipd/log/error-log.ts'
import { formatMemory, type ProcessMemory } from '../../sipd/log/memory-stats.ts'
import { PeriodicLog } from '../../sipd/log/periodic-log.ts'
import type { Snapshot } from '../../sipd/log/snapshot.ts'
import { StatisticsText } from '../../sipd/log/stats.ts'

const snapshot = (invites: number, options: number, bindings: number): Snapshot => ({
  counters: { 'requests received.INVITE': invites, 'requests received.OPTIONS': options, 'parse errors': 1 },
  gauges: { bindings },
})

test('a block of stats_log has the last interval, the rate, the sum since the start, and what there is now', () => {
  const text = new StatisticsText(5000)
  text.next(snapshot(10, 0, 1), { nowMs: Date.UTC(2026, 0, 1), monotonicMs: 65_000 })
  assert.equal(
    text.next(snapshot(40, 4, 7), { nowMs: Date.UTC(2026, 0, 1, 0, 1), monotonicMs: 125_000 }),
    `2026-01-01T00:01:00.000Z statistics of 60 s, 120 s after the start
  counted                     last interval  per second  since start
  requests received, INVITE              30        0.50           40
  requests received, OPTIONS              4        0.07            4
  requests received, all                 34        0.57           44
  parse errors                            0        0.00            1
  now
  bindings  7

`,
  )
})

test('a block of sharedmem_stats_log has a row for each process and one for all', () => {
  const memory = (role: string, pid: number, bindings: number): ProcessMemory => ({
    role,
    pid,
    generation: 3,
    rssOctets: 52_428_800,
    heapUsedOctets: 10_485_760,
    heapTotalOctets: 20_971_520,
    externalOctets: 1_048_576,
    liveTransactions: 12,
    finishedTransactions: 400,
    bindings,
    connections: 2,
  })
  const rows = formatMemory(Date.UTC(2026, 0, 1), [memory('parent', 100, 0), memory('worker', 101, 9)]).split('\n')
  assert.equal(rows[0], '2026-01-01T00:00:00.000Z memory of 2 processes')
  assert.deepEqual(rows[3]?.trim().split(/ {2,}/), [
    'worker 101',
    '3',
    '51200',
    '10240',
    '20480',
    '1024',
    '12',
    '400',
    '9',
    '2',
  ])
  assert.deepEqual(rows[4]?.trim().split(/ {2,}/), ['all', '102400', '20480', '40960', '2048', '24', '800', '9', '4'])
})

test('a block is written every period and once more at the end, and a failure costs one block', async () => {
  const clock = new ManualClock()
  const written: string[] = []
  const said: string[] = []
  let number = 0
  const periodic = new PeriodicLog({
    name: 'stats_log',
    periodMs: 60_000,
    clock,
    log: createLog({ component: 'test', write: (line) => said.push(line) }),
    sink: { write: (text) => written.push(text) },
    compose: async () => {
      if (++number === 2) throw new Error('worker 7 does not answer')
      return `block ${number}\n`
    },
  })
  periodic.start()
  for (let i = 0; i < 3; i++) {
    clock.advance(60_000)
    await new Promise(setImmediate)
  }
  await periodic.stop()
  clock.advance(600_000)
  assert.deepEqual(written, ['block 1\n', 'block 3\n', 'block 4\n'])
  assert.match(said.join(''), /statistics could not be gathered for=stats_log error="worker 7 does not answer"/)
})

test('slow workers are not asked again before they have answered', async () => {
  const clock = new ManualClock()
  let asked = 0
  let answer: (text: string) => void = () => {}
  const compose = (): Promise<string> => {
    asked++
    return new Promise((resolve) => (answer = resolve))
  }
  const sink = { write: () => {} }
  const periodic = new PeriodicLog({ name: 'x', periodMs: 1000, clock, log: silentLog, sink, compose })
  periodic.start()
  clock.advance(5000)
  assert.equal(asked, 1)
  answer('')
  await new Promise(setImmediate)
  clock.advance(1000)
  assert.equal(asked, 2)
})

test('every word of LogLevel lets through at least what a graver one does', () => {
  const counts = logLevelWords.map((level) => {
    let count = 0
    const { log } = createErrorLog({ component: 'sipd', level, flags: new Set(), write: () => count++ })
    for (const say of [log.error, log.warn, log.notice, log.info, log.debug]) say('a sentence')
    return count
  })
  assert.deepEqual(counts, [1, 1, 1, 1, 2, 3, 4, 5])
  assert.deepEqual(logLevelWords.map(logLevel), ['error', 'error', 'error', 'error', 'warn', 'notice', 'info', 'debug'])
})

test('a debug line of a component is written when its flag is on, whatever LogLevel says, and no other', () => {
  const lines: string[] = []
  const { log, debug } = createErrorLog({
    component: 'sipd',
    level: 'emerg',
    flags: new Set(['Parser'] as const),
    write: (line) => lines.push(line),
    now: () => 0,
  })
  log.info('not this')
  for (const flag of debugFlags) if (debug[flag].on) debug[flag].write('a datagram came', { octets: 291 })
  debug.Routing.write('not this either')
  assert.deepEqual(lines, ['1970-01-01T00:00:00.000Z debug  sipd.Parser: a datagram came octets=291\n'])
})
