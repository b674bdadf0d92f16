import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { createLog, silentLog } from '../../../lib/log/log.ts'
import { oid } from '../../../lib/smi/oid.ts'
import type { SnmpValue } from '../../../lib/smi/value.ts'
import { ManualClock } from '../../../lib/time/clock.ts'
import { ByteReader, ByteWriter } from '../../../subagents/event/samples/bytes.ts'
import { openRing } from '../../../subagents/event/samples/read.ts'
import { SampleRing, type SampleRingOptions } from '../../../subagents/event/samples/ring.ts'

const gauge = (value: number): SnmpValue => ({ type: 'Gauge32', value })

function begin(options: Partial<SampleRingOptions> = {}) {
  const path = options.path ?? join(mkdtempSync(join(tmpdir(), 'samples-')), 'event-samples')
  const clock = new ManualClock()
  const ring = new SampleRing({ path, clock, log: silentLog, ...options })
  ring.start()
  return { path, clock: (options.clock as ManualClock | undefined) ?? clock, ring }
}

const shown = (path: string): unknown[] =>
  [...openRing(path)()].map(({ of, value }) => [
    of.name,
    value === 'absent' || !('value' in value) ? value : value.value,
  ])

test('what was added is read as it was, with its times, its run and its discontinuity object', async () => {
  const { path, clock, ring } = begin()
  const cpu = ring.series('castellan', 'cpu', oid('1.3.6.1.2.1.25.3.3.1.2.1'))
  const octets = ring.series('', 'octets', oid('1.3.6.1.2.1.31.1.1.1.6.4294967295'))
  const restarted: SnmpValue = { type: 'TimeTicks', value: 77 }
  clock.advance(1500)
  ring.add(cpu, gauge(81))
  ring.add(octets, { type: 'Counter64', value: 2n ** 64n - 1n }, restarted)
  clock.advance(250)
  ring.add(cpu, gauge(81))
  ring.add(octets, { type: 'Counter64', value: 3n }, restarted)
  ring.add(cpu, 'absent')
  await ring.stop()
  const runMs = Date.UTC(2026, 0, 1)
  const [first, second, ...rest] = [...openRing(path)()]
  assert.deepEqual(first, {
    of: { owner: 'castellan', name: 'cpu', oid: oid('1.3.6.1.2.1.25.3.3.1.2.1') },
    timeMs: runMs + 1500,
    runMs,
    upTimeTicks: 150,
    value: gauge(81),
    discontinuity: undefined,
  })
  assert.deepEqual(second!.of.oid, oid('1.3.6.1.2.1.31.1.1.1.6.4294967295'))
  assert.deepEqual([second!.value, second!.discontinuity], [{ type: 'Counter64', value: 2n ** 64n - 1n }, restarted])
  assert.deepEqual(
    rest.map(({ timeMs, value }) => [timeMs - runMs, value]),
    [
      [1750, gauge(81)],
      [1750, { type: 'Counter64', value: 3n }],
      [1750, 'absent'],
    ],
  )
  assert.equal(statSync(path).mode & 0o777, 0o600)
})

test('any value comes back as it was put, whatever was before it', () => {
  const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
  const octets = fc.uint8Array({ maxLength: 40 })
  const value: fc.Arbitrary<SnmpValue | 'absent'> = fc.oneof(
    fc.constant('absent' as const),
    fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }).map((one) => ({ type: 'Integer32' as const, value: one })),
    ...(['Counter32', 'Gauge32', 'TimeTicks'] as const).map((type) => u32.map((one) => ({ type, value: one }))),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((one) => ({ type: 'Counter64' as const, value: one })),
    ...(['OctetString', 'Opaque', 'IpAddress'] as const).map((type) => octets.map((one) => ({ type, value: one }))),
    fc.array(u32, { maxLength: 12 }).map((one) => ({ type: 'ObjectIdentifier' as const, value: one })),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(value, fc.boolean())), (values) => {
      const writer = new ByteWriter()
      let before: SnmpValue | undefined
      for (const [one, isMore] of values) {
        writer.value(before, one, isMore)
        if (one !== 'absent') before = one
      }
      const reader = new ByteReader(writer.bytes())
      before = undefined
      for (const [one, isMore] of values) {
        const read = reader.value(before)
        assert.equal(read.isMoreComing, isMore)
        assert.deepEqual(plain(read.value), plain(one))
        if (read.value !== 'absent') before = read.value
      }
      assert.ok(reader.isAtEnd)
    }),
  )
})

/** Buffers and arrays of octets alike. */
function plain(value: SnmpValue | 'absent'): unknown {
  if (value === 'absent' || !('value' in value)) return value
  return typeof value.value === 'object' ? [value.type, ...value.value] : value
}

test('a wall clock that is set back moves the times of what follows, and not the time that passed', async () => {
  const clock = new ManualClock()
  let setMs = 0
  const { path, ring } = begin({
    clock: {
      now: () => clock.now() + setMs,
      monotonicMs: () => clock.monotonicMs(),
      after: (delayMs, run) => clock.after(delayMs, run),
      every: (periodMs, run) => clock.every(periodMs, run),
    },
  })
  const one = ring.series('o', 'one', oid('1.3.6.1'))
  clock.advance(1000)
  ring.add(one, gauge(1))
  await ring.write()
  setMs = -3_600_000
  clock.advance(1000)
  ring.add(one, gauge(2))
  await ring.stop()
  const runMs = Date.UTC(2026, 0, 1)
  assert.deepEqual(
    [...openRing(path)()].map((sample) => [sample.runMs, sample.timeMs, sample.upTimeTicks]),
    [
      [runMs, runMs + 1000, 100],
      [runMs, runMs + 2000 - 3_600_000, 200],
    ],
  )
})

test('the ring wraps: two segments, none larger than its bound, and the newest samples in order without a gap', async () => {
  const segmentOctets = 2000
  const { path, clock, ring } = begin({ segmentOctets })
  const many = Array.from({ length: 5 }, (_, i) => ring.series('o', `t${i}`, oid(`1.3.6.1.${i}`)))
  let largest = 0
  for (let second = 0; second < 1000; second++) {
    clock.advance(1000)
    for (const one of many) ring.add(one, gauge((second * 7919) % 100_000))
    if (second % 5 === 0) await ring.write()
    for (const at of [path, `${path}.1`])
      largest = Math.max(largest, statSync(at, { throwIfNoEntry: false })?.size ?? 0)
  }
  await ring.stop()
  assert.ok(largest <= segmentOctets && largest > segmentOctets / 2, `${largest} octets`)
  const samples = [...openRing(path)()]
  assert.ok(samples.length > 300 && samples.length < 1500, `${samples.length} samples`)
  const from = 5000 - samples.length
  for (const [at, { of, timeMs, value }] of samples.entries()) {
    const second = Math.floor((from + at) / 5)
    assert.equal(of.name, `t${(from + at) % 5}`)
    assert.equal(timeMs, Date.UTC(2026, 0, 1) + (second + 1) * 1000)
    assert.deepEqual(value, gauge((second * 7919) % 100_000))
  }
})

test('wherever the end is torn, all batches before it are read, and the next agent goes on behind them', async () => {
  const { path, clock, ring } = begin()
  const one = ring.series('o', 'one', oid('1.3.6.1'))
  const sizes: number[] = []
  for (let batch = 1; batch <= 3; batch++) {
    ring.add(one, gauge(batch))
    await ring.write()
    sizes.push(statSync(path).size)
  }
  await ring.stop()
  const whole = readFileSync(path)
  for (let size = 0; size <= whole.length; size++) {
    writeFileSync(path, whole.subarray(0, size))
    const kept = sizes.filter((end) => end <= size).length
    assert.equal(shown(path).length, kept, `${size} octets`)
  }
  truncateSync(path, sizes[2]! - 3)
  appendFileSync(path, Buffer.alloc(50))
  const next = begin({ path, clock }).ring
  next.add(next.series('o', 'two', oid('1.3.6.2')), gauge(9))
  await next.stop()
  assert.deepEqual(shown(path), [
    ['one', 1],
    ['one', 2],
    ['two', 9],
  ])
})

test('a disk that is full costs samples and one line in the log; when there is room again they are kept again', async (context) => {
  if (process.getuid!() !== 0) return context.skip('only root may mount a small file system')
  const folder = mkdtempSync(join(tmpdir(), 'samples-'))
  assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'castellan-test', folder]).status, 0)
  try {
    const path = join(folder, 'event-samples')
    const lines: string[] = []
    const { ring } = begin({ path, log: createLog({ component: 'event', write: (line) => lines.push(line) }) })
    const one = ring.series('o', 'one', oid('1.3.6.1'))
    const batch = async (from: number): Promise<void> => {
      for (let value = from; value < from + 1000; value++) ring.add(one, gauge(value * 100_003))
      await ring.write()
    }
    await batch(0)
    writeFileSync(join(folder, 'filler'), Buffer.alloc(48 * 1024))
    for (let round = 1; round < 5; round++) await batch(round * 1000)
    assert.ok(ring.lost >= 2000, `${ring.lost} samples were lost`)
    assert.equal(lines.length, 1, lines.join(''))
    assert.match(lines[0]!, /warn .*samples cannot be kept; .*ENOSPC/)
    const { lost } = ring
    rmSync(join(folder, 'filler'))
    await batch(5000)
    await ring.stop()
    assert.match(lines[1]!, new RegExp(`samples are kept again .*lost=${lost}`))
    const kept = [...openRing(path)()].map(({ value }) => (value as { readonly value: number }).value / 100_003)
    const expected = Array.from({ length: 6000 }, (_, value) => value)
    expected.splice(5000 - lost, lost)
    assert.deepEqual(kept, expected)
  } finally {
    spawnSync('umount', [folder])
  }
})

test('a folder that cannot be had costs samples too, and nothing else', async () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'samples-')), 'agent')
  writeFileSync(folder, 'no folder')
  const { ring, path } = begin({ path: join(folder, 'event-samples') })
  const one = ring.series('o', 'one', oid('1.3.6.1'))
  ring.add(one, gauge(1))
  await ring.write()
  assert.equal(ring.lost, 1)
  rmSync(folder)
  ring.add(one, gauge(2))
  await ring.stop()
  assert.deepEqual(shown(path), [['one', 2]])
})

test('a file that is no ring is begun again; one that is not there has no samples', async () => {
  const { path, ring } = begin()
  assert.deepEqual(shown(path), [])
  writeFileSync(path, 'something else that is long enough to have a head')
  assert.deepEqual(shown(path), [])
  ring.add(ring.series('o', 'one', oid('1.3.6.1')), gauge(1))
  await ring.stop()
  assert.deepEqual(shown(path), [['one', 1]])
})
