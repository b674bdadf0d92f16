/** The history's tables: each notification once, means that are those of the samples, a cap that is held. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { NotifiedEvent } from '../../console/history/event.ts'
import { EventHistory, eventsSince } from '../../console/history/events.ts'
import { pointsOf, seriesOf } from '../../console/history/query.ts'
import { Retention } from '../../console/history/retention.ts'
import { mostSeries, SampleHistory } from '../../console/history/samples.ts'
import { openConsoleDatabase } from '../../console/store/open.ts'

const folder = mkdtempSync(join(tmpdir(), 'castellan-history-'))
after(() => rmSync(folder, { recursive: true }))

let files = 0
function open() {
  const path = join(folder, `${++files}.sqlite`)
  return { path, database: openConsoleDatabase(path) }
}

const event = (logIndex: number, atMs = logIndex * 1000): NotifiedEvent => ({
  logIndex,
  atMs,
  oid: '1.3.6.1.6.3.1.1.5.1',
  name: 'coldStart',
  sentence: `the ${logIndex}th`,
  objects: [{ name: 'sysName.0', oid: '1.3.6.1.2.1.1.5.0', text: 'here' }],
})

test('a page that is read twice is kept once, and reading goes on behind the last page', () => {
  const { database } = open()
  const history = new EventHistory(database)
  assert.equal(history.add([event(1), event(2)]), 2)
  assert.equal(history.lastIndex, 2)
  assert.equal(history.add([event(1), event(2), event(3)]), 1)
  assert.equal(history.lastIndex, 3)
  assert.deepEqual(
    eventsSince(database, 0, 10).map(({ logIndex, sentence, objects }) => [logIndex, sentence, objects[0]?.text]),
    [1, 2, 3].map((i) => [i, `the ${i}th`, 'here']),
  )
  assert.deepEqual(
    history.after(1, 10).map(({ logIndex }) => logIndex),
    [2, 3],
  )
  database.close()
})

test('an agent that lost its log begins at low indexes, and what it notifies then is new', () => {
  const { database } = open()
  const history = new EventHistory(database)
  history.add([event(700)])
  history.startOver()
  assert.equal(history.lastIndex, 0)
  assert.equal(history.add([event(1, 900_000)]), 1)
  assert.equal(eventsSince(database, 0, 10).length, 2)
  database.close()
})

const cpu = { oid: '1.3.6.1.2.1.25.3.3.1.2.1', name: 'hrProcessorLoad.1', kind: 'gauge' } as const
/** The beginning of a day, so that hours and days begin with the samples. */
const dayStart = Date.UTC(2026, 0, 5) / 1000

test('minutes, hours and days are those of the samples, also of a span that is not over yet', () => {
  const { database } = open()
  const samples = new SampleHistory(database)
  const values = Array.from({ length: 3 * 360 + 90 }, (_, i) => (i * 7919) % 101)
  for (const [i, value] of values.entries()) samples.add((dayStart + i * 10) * 1000, [{ ...cpu, value }])
  const to = dayStart + values.length * 10
  samples.rollUp(to * 1000)
  const [series] = seriesOf(database, 'hrProcessorLoad')
  const span = { from: dayStart, to }
  // How many points are asked for, and the seconds of each then: of samples, minutes and hours.
  for (const [atMost, step] of [
    [to - dayStart, 10],
    [(to - dayStart) / 60, 60],
    [4, 49 * 60],
    [3, 2 * 3600],
  ] as const) {
    const points = pointsOf(database, series!.id, span, atMost)
    assert.equal(points.length, Math.ceil((to - dayStart) / step), `${step} s`)
    for (const { at, low, mean, high } of points) {
      const from = (at - dayStart) / 10
      const part = values.slice(from, from + step / 10)
      assert.deepEqual([low, high], [Math.min(...part), Math.max(...part)])
      assert.ok(Math.abs(mean - part.reduce((sum, value) => sum + value, 0) / part.length) < 1e-9)
    }
  }
  database.close()
})

test('a console that was away makes the minutes that it missed, once', () => {
  const { database } = open()
  const samples = new SampleHistory(database)
  samples.add(dayStart * 1000, [{ ...cpu, value: 10 }])
  samples.rollUp((dayStart + 30) * 1000)
  const again = new SampleHistory(database)
  again.add((dayStart + 40) * 1000, [{ ...cpu, value: 30 }])
  again.rollUp((dayStart + 7200) * 1000)
  again.rollUp((dayStart + 7300) * 1000)
  const rows = database.prepare('SELECT at, mean, count FROM hour').all()
  assert.deepEqual(rows, [{ at: dayStart, mean: 20, count: 2 }])
  database.close()
})

test('samples go after a day, and their minutes stay', () => {
  const { database } = open()
  const samples = new SampleHistory(database)
  for (let i = 0; i < 60; i++) samples.add((dayStart + i * 60) * 1000, [{ ...cpu, value: i }])
  const nowMs = (dayStart + 3 * 86_400) * 1000
  samples.rollUp(nowMs)
  new Retention(database, 64 * 1024 * 1024).thin(nowMs)
  const count = (table: string) => database.prepare(`SELECT count(*) AS n FROM ${table}`).get()
  assert.deepEqual(count('sample'), { n: 0 })
  assert.deepEqual(count('minute'), { n: 60 })
  const points = pointsOf(database, 1, { from: dayStart, to: dayStart + 3600 }, 60)
  assert.equal(points.length, 60)
  database.close()
})

test('the file stays below its cap: the finest of the oldest goes first, and notifications last long', () => {
  const { database, path } = open()
  const samples = new SampleHistory(database)
  const history = new EventHistory(database)
  const capOctets = 4 * 1024 * 1024
  const retention = new Retention(database, capOctets)
  const many = Array.from({ length: 200 }, (_, i) => ({ ...cpu, oid: `${cpu.oid}.${i}`, name: `${cpu.name}.${i}` }))
  for (let i = 0; i < 1500; i++) {
    const at = dayStart + i * 10
    samples.add(
      at * 1000,
      many.map((one) => ({ ...one, value: i })),
    )
    if (i % 10 === 0) history.add([event(i + 1, at * 1000)])
    if (i % 6 === 0) samples.rollUp(at * 1000)
    if (i % 60 === 0) retention.thin(at * 1000)
    if (i % 100 === 0) assert.ok(statSync(path).size < capOctets, `${statSync(path).size} octets`)
  }
  assert.equal(eventsSince(database, 0, 1000).length, 150)
  assert.ok(pointsOf(database, 1, { from: dayStart, to: dayStart + 15_000 }, 4).length >= 2)
  database.close()
})

test('series are bounded, and what is left out is counted', () => {
  const { database } = open()
  const samples = new SampleHistory(database)
  const many = Array.from({ length: mostSeries + 5 }, (_, i) => ({ ...cpu, oid: `1.${i}`, name: `x.${i}`, value: i }))
  samples.add(dayStart * 1000, many)
  assert.equal(samples.leftOut, 5)
  assert.equal(seriesOf(database, 'x').length, mostSeries)
  database.close()
})
