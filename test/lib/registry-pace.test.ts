import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { afterSubtree, Registry, type RemoteRegion } from '../../lib/mib/registry.ts'
import type { RemoteBackend } from '../../lib/mib/remote.ts'

const never = async (): Promise<never> => new Promise(() => {})
const backend: RemoteBackend = {
  name: 'fake',
  get: never,
  getNext: never,
  getBulk: never,
  prepareSet: () => ({ test: never, commit: never, undo: never, finish() {} }),
}

function regionOf(last: number): RemoteRegion {
  const oid = [1, 3, 6, 1, 4, 1, 9, last]
  return { oid, to: afterSubtree(oid), specificity: 8, priority: 127, timeoutMs: 1000, backend }
}

/** A clock on which laying out the regions takes 30 ms. */
function slowClock(t: TestContext): { nowMs: number } {
  const clock = { nowMs: 0 }
  t.mock.method(performance, 'now', () => {
    clock.nowMs += 30
    return clock.nowMs
  })
  return clock
}

for (const [count, isPaced] of [
  [100, false],
  [3000, true],
] as const)
  test(`a change among ${count} regions is ${isPaced ? 'seen once ten times as long has passed as laying them out took' : 'seen at once'}`, (t) => {
    const clock = slowClock(t)
    const registry = new Registry()
    for (let i = 0; i < count; i++) registry.addRegion(regionOf(i))
    assert.equal(registry.objects.length, count)
    registry.addRegion(regionOf(count))
    assert.equal(registry.objects.length, isPaced ? count : count + 1)
    clock.nowMs += 300
    assert.equal(registry.objects.length, count + 1)
  })
