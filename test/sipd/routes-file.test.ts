import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createLog } from '../../lib/log/log.ts'
import { ManualClock } from '../../lib/time/clock.ts'
import { mostRoutes, type Route } from '../../sipd/routes/route.ts'
import { RouteWatch } from '../../sipd/routes/route-watch.ts'
import { Router, routerOff } from '../../sipd/routes/router.ts'
import { RoutesFile, TooManyRoutes } from '../../sipd/routes/routes-file.ts'

function pathFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'routes-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'routing_db.sqlite')
}

function route(pattern: string, nextHop: string, priority = 0): Route {
  return {
    type: 'phone',
    pattern,
    nextHop,
    nextHopPort: 5060,
    transport: 'UDP',
    priority,
    weight: 0,
    techPrefixAction: 'Include',
    allowsLessSpecific: true,
    isBlocked: false,
    isInService: true,
    label: '',
  }
}

function watchOf(path: string) {
  const logged: string[] = []
  const router = new Router({ ...routerOff, isOn: true })
  const log = createLog({ component: 'sipd', level: 'info', write: (line) => logged.push(line) })
  const clock = new ManualClock()
  const watch = new RouteWatch({ path, clock, log, router })
  const patterns = (number: string): string[] => router.table.ofNumber(number).map(({ pattern }) => pattern)
  return { watch, router, logged, patterns, clock }
}

test('routes are kept as they were put; one of the same pattern and place is changed', (t) => {
  const file = new RoutesFile(pathFor(t))
  t.after(() => file.close())
  assert.deepEqual(file.put([route('1*', 'a'), route('1*', 'b')]), { added: 2, updated: 0 })
  assert.deepEqual(file.put([route('1*', 'a', 7), route('2*', 'c')]), { added: 1, updated: 1 })
  assert.deepEqual(file.all(), [route('1*', 'a', 7), route('1*', 'b'), route('2*', 'c')])
  file.remove([route('1*', 'b', 99)])
  assert.deepEqual(file.all(), [route('1*', 'a', 7), route('2*', 'c')])
  assert.deepEqual(file.replaceAll([route('3*', 'd')]), { added: 1, updated: 0 })
  assert.deepEqual(file.all(), [route('3*', 'd')])
})

test('more routes than there may be change nothing', (t) => {
  const file = new RoutesFile(pathFor(t))
  t.after(() => file.close())
  file.put([route('9', 'a')])
  const many = Array.from({ length: mostRoutes }, (_, i) => route(`1${i}`, 'b'))
  assert.throws(() => file.put(many), TooManyRoutes)
  assert.deepEqual(file.all(), [route('9', 'a')])
})

test('a change of the file arrives in the routes that are in use', async (t) => {
  const path = pathFor(t)
  const { watch, patterns, router } = watchOf(path)
  await watch.look()
  assert.deepEqual(patterns('123'), [])
  const file = new RoutesFile(path)
  t.after(() => file.close())
  file.put([route('1*', 'a')])
  await watch.look()
  assert.deepEqual(patterns('123'), ['1*'])
  const before = router.table
  await watch.look()
  assert.equal(router.table, before, 'nothing changed, and nothing is read')
  file.put([route('12*', 'b')])
  await watch.look()
  assert.deepEqual(patterns('123'), ['12*', '1*'])
})

test('a file that cannot be read leaves the routes in force, and the log says so once', async (t) => {
  const path = pathFor(t)
  const { watch, patterns, logged, clock } = watchOf(path)
  const file = new RoutesFile(path)
  file.put([route('1*', 'a')])
  file.close()
  await watch.look()
  rmSync(path)
  writeFileSync(path, 'not a database, and long enough to be looked at as one'.repeat(20))
  await watch.look()
  clock.advance(5000)
  await watch.look()
  assert.deepEqual(patterns('123'), ['1*'])
  assert.equal(logged.filter((line) => line.includes('cannot read the file of routes')).length, 1)
  rmSync(path)
  clock.advance(5000)
  await watch.look()
  assert.deepEqual(patterns('123'), [], 'a file that is gone has no routes')
})
