import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Clock, ManualClock } from '../../lib/time/clock.ts'
import { BindingsFile } from '../../sipd/location/bindings-file.ts'
import { loadBindings } from '../../sipd/location/load.ts'
import { Registrations } from '../../sipd/location/registrations.ts'
import { accountFor } from '../support/sip-account.ts'
import { bindingOf, locationFor, recordingLog, registryPath } from './location-support.ts'

const anyAge = Number.POSITIVE_INFINITY
const ann = 'sip:ann@example.com'
const hourMs = 3_600_000

/** The registrations of a worker, on a file of its own, with time by hand. */
function worker(path: string, clock: Clock, tell: (changes: Buffer) => void = () => {}) {
  const { log, lines } = recordingLog()
  const registrations = new Registrations({
    path,
    maxAgeMs: 24 * hourMs,
    statics: [],
    cleanupEveryMs: 180_000,
    limits: { maxExpiresSeconds: 86_400, users: 1000 },
    account: accountFor(clock),
    clock,
    log,
    tell,
    hasOthers: () => true,
  })
  const leftMs = (user = ann): number | undefined => {
    const [found] = registrations.store.find(user)
    return found && Math.round(found.expiresAtMs - registrations.store.nowMs())
  }
  return { registrations, store: registrations.store, lines, leftMs }
}

function expiriesOf(path: string): number[] {
  const file = new BindingsFile(path)
  const found = [...file.read(0)].map(([, { expiresAtMs }]) => expiresAtMs)
  file.close()
  return found
}

test('after a boot at 1970 and then NTP all registrations are there, in memory and in the file', async (t) => {
  const path = registryPath(t)
  const clock = new ManualClock(60_000)
  const { registrations, store, lines, leftMs } = worker(path, clock)
  await registrations.load()
  store.replace(ann, [bindingOf({ expiresAtMs: store.nowMs() + hourMs })])
  await registrations.flush()
  assert.deepEqual(expiriesOf(path), [60_000 + hourMs])
  const wallMs = Date.now()
  clock.setWallClock(wallMs)
  clock.advance(10_000)
  assert.equal(leftMs(), hourMs - 10_000)
  assert.match(lines.join(''), /the clock was set; registrations last as long as before/)
  await registrations.flush()
  assert.deepEqual(expiriesOf(path), [wallMs + hourMs])
  await registrations.stop()
  assert.equal(contentAt(path, wallMs + hourMs - 1), 1)
})

test('a clock that is set back keeps nobody for longer, in memory or in the file', async (t) => {
  const path = registryPath(t)
  const clock = new ManualClock(Date.UTC(2030, 0, 1))
  const { registrations, store, leftMs } = worker(path, clock)
  await registrations.load()
  store.replace(ann, [bindingOf({ expiresAtMs: store.nowMs() + hourMs })])
  const wallMs = Date.UTC(2026, 10, 30)
  clock.setWallClock(wallMs)
  clock.advance(10_000)
  assert.equal(leftMs(), hourMs - 10_000)
  await registrations.flush()
  assert.deepEqual(expiriesOf(path), [wallMs + hourMs])
  clock.advance(hourMs - 10_000)
  assert.equal(leftMs(), undefined)
  await registrations.stop()
})

/** How many bindings a start at this time finds. */
function contentAt(path: string, nowMs: number): number {
  const clock = new ManualClock(nowMs)
  const { store, registrations } = worker(path, clock)
  loadBindings(path, store, { nowMs, maxAgeMs: anyAge, log: recordingLog().log })
  const { bindings } = store
  void registrations.stop()
  return bindings
}

test('a start before the clock is set counts from when the file was written: the living stay, the dead do not', (t) => {
  const path = registryPath(t)
  const file = new BindingsFile(path)
  file.write([
    [ann, [bindingOf({ expiresAtMs: Date.now() + hourMs })]],
    ['sip:dead@h', [bindingOf({ expiresAtMs: Date.now() - 1000 })]],
  ])
  file.close()
  const clock = new ManualClock(60_000)
  const store = locationFor(t, { clock })
  const loaded = loadBindings(path, store, { nowMs: clock.now(), maxAgeMs: 24 * hourMs, log: recordingLog().log })
  assert.equal(loaded, 1)
  const leftMs = store.find(ann)[0]!.expiresAtMs - store.nowMs()
  // The time of a file is that of the kernel's last tick.
  assert.ok(leftMs <= hourMs + 1000 && leftMs > hourMs - 60_000, `${leftMs} ms`)
})

test('no registration of the file lasts longer than RegistrarMaxExpires from the start on', (t) => {
  const path = registryPath(t)
  const file = new BindingsFile(path)
  file.write([[ann, [bindingOf({ expiresAtMs: Date.now() + 1000 * hourMs })]]])
  file.close()
  const store = locationFor(t)
  loadBindings(path, store, { nowMs: Date.now(), maxAgeMs: anyAge, log: recordingLog().log, longestMs: hourMs })
  const leftMs = store.find(ann)[0]!.expiresAtMs - store.nowMs()
  assert.ok(leftMs <= hourMs && leftMs > hourMs - 60_000, `${leftMs} ms`)
})

test('workers whose clocks began at different times agree on how long a registration lasts', async (t) => {
  const told: Buffer[] = []
  const oneClock = new ManualClock(60_000)
  const one = worker(registryPath(t), oneClock, (changes) => told.push(changes))
  const other = worker(registryPath(t), new ManualClock(Date.UTC(2026, 10, 30)))
  await one.registrations.load()
  await other.registrations.load()
  oneClock.setWallClock(Date.UTC(2026, 10, 30))
  one.store.replace(ann, [bindingOf({ expiresAtMs: one.store.nowMs() + hourMs })])
  one.registrations.tellNow()
  for (const changes of told) other.registrations.heard(changes)
  assert.equal(other.leftMs(), hourMs)
  await Promise.all([one.registrations.stop(), other.registrations.stop()])
})

test('many changes at once are told to other workers in frames of bounded size', async (t) => {
  const told: Buffer[] = []
  const { registrations, store } = worker(registryPath(t), new ManualClock(), (changes) => told.push(changes))
  await registrations.load()
  for (let i = 0; i < 2000; i++)
    store.replace(`sip:${i}@h`, [bindingOf({ userAgent: 'x'.repeat(200), expiresAtMs: store.nowMs() + hourMs })])
  registrations.tellNow()
  assert.equal(told.length, 4)
  assert.ok(told.every(({ length }) => length < 500_000))
  await registrations.stop()
})
