import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '../../lib/log/log.ts'
import { ModuleBackend } from '../../lib/mib/backend.ts'
import { column, defineTable } from '../../lib/mib/declare.ts'
import { anyServing, serve } from '../../lib/mib/module.ts'
import { integer32 } from '../../lib/mib/syntax.ts'
import { ManualClock } from '../../lib/time/clock.ts'
import { until } from '../support/appliance.ts'

const tickTable = defineTable({
  name: 'tickTable',
  oid: '1.3.6.1.4.1.32473.99.9',
  index: { tickIndex: column(1, integer32(1, 0x7fff_ffff)) },
  columns: { tickValue: column(2, integer32()) },
})

test('a generator fills its table before the module serves, refreshes it, and rows that are no more go', async () => {
  const clock = new ManualClock()
  const stop = new AbortController()
  let world = [1, 2, 3]
  let isBroken = false
  const served = serve(tickTable, {
    generate: {
      everyMs: 1000,
      *rows() {
        if (isBroken) throw new Error('the source is gone')
        for (const tickIndex of world) {
          const end = performance.now() + 0.6 // long enough that it takes more than one slice
          while (performance.now() < end);
          yield { tickIndex, tickValue: clock.now() }
        }
      },
    },
  })
  const backend = new ModuleBackend(
    { name: 'ticks', description: '', oid: [1], tables: [anyServing(served)] },
    { log: silentLog },
  )
  await backend.start({ clock, log: silentLog, signal: stop.signal, upTimeTicks: () => 0, notify: () => {} })
  const indexes = () => [...served.table.rows()].map(({ tickIndex }) => tickIndex)
  assert.deepEqual(indexes(), [1, 2, 3])
  world = [2, 5]
  clock.advance(1000)
  await until(() => indexes().join() === '2,5', 2000)
  isBroken = true
  clock.advance(1000)
  await new Promise(setImmediate)
  assert.deepEqual(indexes(), [2, 5], 'what cannot be refreshed keeps its rows')
  stop.abort()
})

test('a module that is stopped and started again generates once, not twice', async () => {
  const clock = new ManualClock()
  let rounds = 0
  const served = serve(tickTable, {
    generate: {
      everyMs: 1000,
      *rows() {
        rounds++
        yield { tickIndex: 1, tickValue: rounds }
      },
    },
  })
  const module = { name: 'ticks', description: '', oid: [1], tables: [anyServing(served)] }
  const backend = new ModuleBackend(module, { log: silentLog })
  const { signal } = new AbortController()
  const host = { clock, log: silentLog, signal, upTimeTicks: () => 0, notify: () => {} }
  await backend.start(host)
  await backend.stop()
  await backend.start(host)
  assert.equal(rounds, 2)
  clock.advance(1000)
  await until(() => rounds === 3, 1000)
  await backend.stop()
  clock.advance(5000)
  await new Promise(setImmediate)
  assert.equal(rounds, 3, 'a module that is stopped generates nothing')
})
