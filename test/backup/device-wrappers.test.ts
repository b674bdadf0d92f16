/** What goes around a device: it is a device itself, and repeats, waits and slows down only as it says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SlowedDevice } from '../../backup/device/bandwidth.ts'
import { DeviceWithDeadlines } from '../../backup/device/deadlines.ts'
import type { Device, DeviceError } from '../../backup/device/device.ts'
import { RetryingDevice } from '../../backup/device/retries.ts'
import { commandClock, ManualClock } from '../../lib/time/clock.ts'
import { pause } from '../../lib/time/pause.ts'
import { passUntil } from '../support/clock.ts'
import { contentOf, deviceContract, deviceErrorOf, store } from '../support/device-contract.ts'
import { MemoryDevice } from '../support/memory-device.ts'

const never = new AbortController().signal
const limits = { answerMs: 1000, commitMs: 10_000, validateMs: 20_000 }

const wrappers: Readonly<Record<string, (device: Device) => Device>> = {
  'in memory': (device) => device,
  'in memory, with deadlines': (device) => new DeviceWithDeadlines(device, commandClock),
  'in memory, with retries': (device) => new RetryingDevice(device, { clock: commandClock }),
  'in memory, slowed down': (device) => new SlowedDevice(device, commandClock, 1_000_000),
}
for (const [kind, wrap] of Object.entries(wrappers))
  deviceContract(kind, async () => ({ device: wrap(new MemoryDevice('memory')), end: async () => {} }))

/** A device that fails so many times before it does what it is asked. */
function failing(times: number, fault: DeviceError['fault'] = 'unreachable'): MemoryDevice {
  const device = new MemoryDevice('memory')
  let left = times
  device.before = () => {
    if (left-- > 0) throw device.error(fault)
  }
  return device
}

function retrying(device: Device) {
  const clock = new ManualClock()
  const pauses: number[] = []
  const onRetry = (_: DeviceError, pauseMs: number): void => void pauses.push(pauseMs)
  const retrying = { attempts: 4, firstPauseMs: 1000, longestMs: 3000 }
  return { clock, pauses, device: new RetryingDevice(device, { clock, retrying, onRetry }) }
}

/** What something gives, with time passing as it needs. */
async function passing<T>(clock: ManualClock, running: Promise<T>): Promise<T> {
  let isOver = false
  const ended = running.finally(() => {
    isOver = true
  })
  ended.catch(() => {})
  await passUntil(clock, () => isOver)
  return ended
}

test('what was out of reach is asked again after pauses that grow, up to a longest', async () => {
  const { clock, pauses, device } = retrying(failing(3))
  assert.deepEqual(await passing(clock, device.list(never)), [])
  assert.deepEqual(pauses, [1000, 2000, 3000])
})

test('the last attempt says what is wrong', async () => {
  const inner = failing(10)
  const { clock, device } = retrying(inner)
  const error = await deviceErrorOf(passing(clock, device.remove('one', never)))
  assert.equal(error.fault, 'unreachable')
  assert.equal(inner.calls.length, 4)
})

test('what another attempt cannot mend is not tried again', async () => {
  for (const fault of ['authFailed', 'pathMissing', 'notWritable', 'full'] as const) {
    const inner = failing(1, fault)
    const { device } = retrying(inner)
    assert.equal((await deviceErrorOf(device.list(never))).fault, fault)
    assert.equal(inner.calls.length, 1)
  }
})

test('a file is read on from where it stopped', async () => {
  const inner = new MemoryDevice('memory')
  inner.put('one', 'x'.repeat(2500) + 'y'.repeat(2500))
  let reads = 0
  inner.before = () => {
    if (++reads % 3 === 0) throw inner.error('unreachable')
  }
  const { clock, device } = retrying(inner)
  const content = await passing(clock, contentOf(device, 'one'))
  assert.equal(content.toString(), 'x'.repeat(2500) + 'y'.repeat(2500))
})

test('what was written is not written twice: an upload that fails, fails', async () => {
  const inner = new MemoryDevice('memory')
  inner.before = (call) => {
    if (call === 'write') throw inner.error('unreachable')
  }
  const { device, pauses } = retrying(inner)
  await deviceErrorOf(store(device, 'one', [Buffer.from('x')]))
  assert.deepEqual([inner.calls, pauses], [['create', 'write'], []])
})

test('a pause ends with the signal of who waits', async () => {
  const { device } = retrying(failing(1))
  const abort = new AbortController()
  const listing = device.list(abort.signal)
  const reason = new Error('nobody waits')
  setImmediate(() => abort.abort(reason))
  await assert.rejects(listing, reason)
})

test('a device that does not answer is given up, whatever it was asked', async () => {
  const asked: Readonly<Record<string, (device: Device) => Promise<unknown>>> = {
    'list its files': (device) => device.list(never),
    'write one': (device) => store(device, 'one', [Buffer.from('x')]),
    'read one': (device) => contentOf(device, 'one'),
    'remove one': (device) => device.remove('one', never),
    'read the free space': (device) => device.freeBytes(never),
  }
  for (const [what, ask] of Object.entries(asked)) {
    const [inner, clock] = [new MemoryDevice('memory'), new ManualClock()]
    inner.put('one', 'x')
    inner.before = () => new Promise(() => {})
    const error = await deviceErrorOf(passing(clock, ask(new DeviceWithDeadlines(inner, clock, limits))))
    assert.equal(error.fault, 'unreachable')
    assert.match(error.message, new RegExp(`^device memory: cannot ${what}: it did not answer within 1 s; check`))
  }
})

test('a device may take longer to finish a file, and for all pieces of one together', async () => {
  const [inner, clock] = [new MemoryDevice('memory'), new ManualClock()]
  inner.before = (call) => {
    if (call !== 'write' && call !== 'commit') return
    return pause(clock, call === 'commit' ? 9000 : 300)
  }
  const pieces = Array.from({ length: 5 }, () => Buffer.from('x'))
  await passing(clock, store(new DeviceWithDeadlines(inner, clock, limits), 'one', pieces))
  assert.equal((await contentOf(inner, 'one')).toString(), 'xxxxx')
})

test('a slowed device is written as fast as it says over any time, and read as fast as it goes', async () => {
  const [inner, clock] = [new MemoryDevice('memory'), new ManualClock()]
  const device = new SlowedDevice(inner, clock, 64)
  const begun = clock.monotonicMs()
  await passing(clock, store(device, 'one', [Buffer.alloc(640 * 1024)]))
  const seconds = (clock.monotonicMs() - begun) / 1000
  // The last piece of 64 KiB is paid for by whoever writes next.
  assert.ok(seconds >= 9 && seconds < 11, `640 KiB took ${seconds} s`)
  await contentOf(device, 'one')
  assert.ok((clock.monotonicMs() - begun) / 1000 < 11)
})
