import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { ManualClock } from '../../../lib/time/clock.ts'
import { actInOrder } from '../../../subagents/critapp/order.ts'
import { until } from '../../support/appliance.ts'
import { Bench } from './bench.ts'

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})
afterEach(() => bench.clear())

test('what is set down together stops in the reverse of the start order, and starts in it again', async () => {
  const marks = join(bench.folder, 'marks')
  const supervisor = bench.supervisor()
  const specs = [1, 2, 3].map((order) => {
    const name = `${bench.name}${order}`
    const script = `trap 'sleep 0.2; echo down ${order} >> ${marks}; exit 0' TERM
echo up ${order} >> ${marks}; while :; do sleep 0.05; done`
    return bench.spec({ index: order, name, startCommand: bench.program(script, name), startOrder: order })
  })
  supervisor.configureAll(specs.map((spec) => ({ spec })))
  supervisor.start()
  const all = (state: string) => () => supervisor.processes().every((process) => process.state === state)
  await until(all('running'), 8000, 'the start')
  supervisor.configureAll(specs.map((spec) => ({ spec: { ...spec, adminStatus: 'down' } })))
  await until(all('stopped'), 8000, 'the stop')
  supervisor.configureAll(specs.map((spec) => ({ spec })))
  await until(all('running'), 8000, 'the second start')
  const expected = 'up 1\nup 2\nup 3\ndown 3\ndown 2\ndown 1\nup 1\nup 2\nup 3\n'
  assert.equal(readFileSync(marks, 'utf8'), expected)
})

test('one of the same number goes with the others, and one that is not due any more is passed over', () => {
  const clock = new ManualClock()
  const acted: string[] = []
  const busy = new Set(['a', 'b'])
  const orders: Record<string, number> = { a: 1, b: 1, c: 2, d: 3 }
  actInOrder(['d', 'c', 'b', 'a'], {
    clock,
    direction: 'ascending',
    orderOf: (item) => orders[item]!,
    act: (item) => acted.push(item),
    isOnItsWay: (item) => busy.has(item),
    isDue: (item) => item !== 'c',
  })
  assert.deepEqual(acted.sort(), ['a', 'b'])
  busy.delete('a')
  clock.advance(1000)
  assert.deepEqual(acted, ['a', 'b'])
  busy.delete('b')
  clock.advance(1000)
  assert.deepEqual(acted, ['a', 'b', 'd'])
})
