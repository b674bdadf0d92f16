import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { silentLog } from '../../lib/log/log.ts'
import { ManualClock, systemClock } from '../../lib/time/clock.ts'
import { connectionBound } from '../../sipd/transport/connection-bound.ts'
import { FrameReader, frame, frames } from '../../sipd/worker/frames.ts'
import { handoverFrames, readHandover } from '../../sipd/worker/handover.ts'
import { Links } from '../../sipd/worker/links.ts'
import { LogOutbox } from '../../sipd/worker/log-outbox.ts'
import type { FromWorker } from '../../sipd/worker/protocol.ts'
import { accountFor } from '../support/sip-account.ts'

test('frames come out whole however the stream is cut, a long one of many pieces too', () => {
  const payloads = [Buffer.alloc(0), Buffer.from('one'), Buffer.alloc(300_000, 7), Buffer.from('two')]
  const stream = Buffer.concat(payloads.map((payload) => frame(frames.changes, payload)))
  for (const piece of [1, 3, 64_000, stream.length]) {
    const reader = new FrameReader()
    const read: Buffer[] = []
    for (let at = 0; at < stream.length; at += piece)
      reader.push(stream.subarray(at, at + piece), (_kind, payload) => read.push(Buffer.from(payload)))
    assert.deepEqual(read, payloads, `in pieces of ${piece}`)
  }
})

test('keys of transactions are handed over in frames of bounded size, whatever octets strangers put in them', () => {
  const keys = Array.from({ length: 5000 }, (_, i) => `z9hG4bK\0${i}\n"\xff${'k'.repeat(900)} h:5060 INVITE`)
  const parts = handoverFrames({ worker: 7, keys, hashes: Buffer.alloc(16, 1) })
  assert.ok(parts.every(([, payload]) => payload.length < 4 << 20))
  const read = parts.map(([kind, payload]) => readHandover(kind, payload))
  assert.deepEqual(
    read.flatMap((handover) => handover.keys),
    keys,
  )
  assert.deepEqual(Buffer.concat(read.map(({ hashes }) => hashes)), Buffer.alloc(16, 1))
  assert.ok(read.every(({ worker }) => worker === 7))
})

test('log lines for a parent that does not read are bounded: what does not fit is counted', () => {
  const sent: { readonly message: FromWorker; readonly done: (() => void) | undefined }[] = []
  const outbox = new LogOutbox(new ManualClock(), (message, done) => sent.push({ message, done }))
  const line = `${'x'.repeat(999_999)}\n`
  for (let i = 0; i < 20; i++) outbox.error(line)
  assert.deepEqual([sent.length, outbox.takeLost(), outbox.takeLost()], [8, 12, 0])
  for (const { done } of sent.splice(0)) done!()
  outbox.error('and again\n')
  assert.equal(sent.length, 1)
})

test('connections are bounded by sipd.conf and by the descriptors that are left', () => {
  assert.equal(connectionBound(10_000, 524_288, 25), 10_000)
  assert.equal(connectionBound(10_000, 1024, 25), 1024 - 25 - 32)
  assert.equal(connectionBound(0, 1024, 25), 1024 - 25 - 32)
  assert.equal(connectionBound(0, undefined, 25), Number.POSITIVE_INFINITY)
  assert.equal(connectionBound(10, 40, 35), 1)
})

test('workers stay linked while strangers fill the memory, and what waits for one is entered', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-links-'))
  const clock = new ManualClock()
  const account = accountFor(clock, { trafficOctets: 1_000_000 })
  account.traffic.common.charge(account.transactions, 1_200_000)
  const arrived: number[] = []
  const gone: number[] = []
  let wake = (): void => {}
  const linksOf = (worker: number): Links =>
    new Links({
      folder,
      worker,
      clock: systemClock,
      log: silentLog,
      account,
      onFrame: (_from, _kind, { length }) => {
        arrived.push(length)
        wake()
      },
      onGone: (other) => gone.push(other),
    })
  const [one, other] = [linksOf(1), linksOf(2)]
  t.after(async () => {
    for (const links of [one, other]) await links.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  await one.start([])
  await other.start([1])
  assert.equal(other.send(1, frames.changes, Buffer.alloc(5_000_000)), true)
  assert.ok(account.workers.octets > 1_000_000, `${account.workers.octets} octets wait`)
  while (arrived.length === 0)
    await new Promise<void>((resolve) => {
      wake = resolve
    })
  assert.deepEqual([arrived, gone], [[5_000_000], []])
})
