import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { RemoteGet } from '../../agent/dispatch/remote-get.ts'
import { RemoteWalk } from '../../agent/dispatch/remote-walk.ts'
import { SetRequests } from '../../agent/dispatch/set-requests.ts'
import { silentLog } from '../../lib/log/log.ts'
import type { SetPart } from '../../lib/mib/backend.ts'
import { afterSubtree, Registry } from '../../lib/mib/registry.ts'
import type { RemoteBackend } from '../../lib/mib/remote.ts'
import { View } from '../../lib/mib/view.ts'
import { type Oid, oid } from '../../lib/smi/oid.ts'
import type { Varbind } from '../../lib/smi/value.ts'

const everything = new View([{ subtree: [1], mask: new Uint8Array(0), included: true }])
const rules = { view: everything, isV1: false, limit: 65_507 }
const end = ({ start }: { start: Oid }): Varbind => ({ name: start, value: { type: 'endOfMibView' } })

/** The clock of requests, moved by hand. */
function requestClock(t: TestContext): { nowMs: number } {
  const clock = { nowMs: 1000 }
  t.mock.method(performance, 'now', () => clock.nowMs)
  return clock
}

/** A backend that says how long it was given for each question. */
function backend(over: Partial<RemoteBackend>, given: number[] = []): RemoteBackend & { given: number[] } {
  const never = async (): Promise<never> => new Promise(() => {})
  return {
    name: 'fake',
    given,
    get: async (names, timeoutMs) => {
      given.push(timeoutMs)
      return names.map((name) => ({ name, value: { type: 'Integer32', value: 1 } }))
    },
    getNext: never,
    getBulk: never,
    prepareSet: () => ({ test: never, commit: never, undo: never, finish() {} }),
    ...over,
  }
}

function region(registry: Registry, subtree: string, of: RemoteBackend): void {
  const from = oid(subtree)
  registry.addRegion({
    oid: from,
    to: afterSubtree(from),
    specificity: from.length,
    priority: 127,
    timeoutMs: 255_000,
    backend: of,
  })
}

test('a region that asks for 255 s is waited for until the request has taken 10 s, between rounds and within them', async (t) => {
  const clock = requestClock(t)
  const registry = new Registry()
  const given: number[] = []
  for (let i = 1; i <= 9; i++) {
    const of = backend({
      getNext: async (ranges, timeoutMs) => {
        given.push(timeoutMs)
        clock.nowMs += 4000
        return ranges.map(end)
      },
    })
    region(registry, `1.3.9.${i}`, of)
  }
  assert.deepEqual(await new RemoteWalk(registry, [oid('1.3.9')], rules).finish(), { status: 'genErr', position: 1 })
  assert.deepEqual(given, [10_000, 6000, 2000])
})

test('a GET gives each backend what is left of 10 s', async (t) => {
  requestClock(t)
  const registry = new Registry()
  const [one, other] = [backend({}), backend({})]
  region(registry, '1.3.9.1', one)
  region(registry, '1.3.9.2', other)
  const answer = await new RemoteGet(registry, [oid('1.3.9.1.0'), oid('1.3.9.2.0')], rules).finish()
  assert.ok(!('status' in answer))
  assert.deepEqual([one.given, other.given], [[10_000], [10_000]])
})

test('a SET whose test took 7 s has 3 s for its commits, and is undone within 10 s more', async (t) => {
  const clock = requestClock(t)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const registry = new Registry()
  const steps: string[] = []
  const hanging = async (step: string): Promise<never> => {
    steps.push(step)
    return new Promise(() => {})
  }
  const part: SetPart = {
    test: async () => {
      clock.nowMs += 7000
      return undefined
    },
    commit: () => hanging('commit'),
    undo: () => hanging('undo'),
    finish() {},
  }
  region(registry, '1.3.9.1', backend({ prepareSet: () => part }))
  let status: string | undefined
  const set = new SetRequests(registry, silentLog)
    .run([{ name: oid('1.3.9.1.0'), value: { type: 'Integer32', value: 1 }, position: 1 }], everything)
    .then(({ failure }) => {
      status = failure?.status
    })
  const turn = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  await turn()
  assert.deepEqual(steps, ['commit'])
  t.mock.timers.tick(2999)
  await turn()
  assert.deepEqual(steps, ['commit'])
  t.mock.timers.tick(1)
  await turn()
  assert.deepEqual(steps, ['commit', 'undo'])
  t.mock.timers.tick(10_000)
  await set
  assert.equal(status, 'undoFailed')
})

test('a GETBULK asks no subagent for more than its message holds, however large the values are', async () => {
  const registry = new Registry()
  let [rounds, next] = [0, 0]
  const of = backend({
    // One varbind of 1,000 octets a question, though many are asked for.
    getBulk: async () => {
      rounds++
      next++
      return [{ name: oid(`1.3.9.1.${next}`), value: { type: 'OctetString', value: new Uint8Array(1000) } }]
    },
  })
  region(registry, '1.3.9.1', of)
  const bulk = { nonRepeaters: 0, repetitions: 5000 }
  const answer = await new RemoteWalk(registry, [oid('1.3.9.1')], { ...rules, limit: 20_000 }, bulk).finish()
  assert.ok(!('status' in answer))
  assert.equal(rounds, 20)
})
