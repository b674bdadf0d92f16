import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { openSqlite } from '../../lib/sql/sqlite.ts'
import { type Clock, ManualClock, systemClock } from '../../lib/time/clock.ts'
import { BindingsFile, bindingMigrations } from '../../sipd/location/bindings-file.ts'
import { LocationWriter, type LocationWriterOptions } from '../../sipd/location/writer.ts'
import type { WriterOrder, WriterReport, WriterThreadData } from '../../sipd/location/writer-thread.ts'
import { bindingOf, contentOf, locationFor, recordingLog, registryPath } from './location-support.ts'

const ann = 'sip:ann@example.com'
const bob = 'sip:bob@example.com'
const childScript = join(import.meta.dirname, 'location-child.js')
const threadScript = new URL('../../sipd/location/writer-thread.js', import.meta.url)

function writing(
  t: TestContext,
  path: string,
  options: Partial<LocationWriterOptions> = {},
  clock: Clock = systemClock,
) {
  const store = locationFor(t, { clock })
  const { log, lines } = recordingLog()
  const writer = new LocationWriter({ path, clock: systemClock, log, everything: () => store.all(), ...options })
  store.onChange(writer.changed)
  writer.start()
  t.after(() => writer.stop())
  return { store, writer, lines }
}

/** The real thread, and what it reports; ask for a report before the next order is given. */
function observedThread() {
  let worker: Worker | undefined
  return {
    start: (data: WriterThreadData): Worker => {
      worker = new Worker(threadScript, { workerData: data })
      return worker
    },
    report: async (): Promise<WriterReport> => (await once(worker!, 'message'))[0],
  }
}

/** Another process's transaction, as far as SQLite can tell. */
function holdLock(t: TestContext, path: string): () => void {
  const other = openSqlite(path, { migrations: bindingMigrations })
  t.after(() => other.close())
  other.exec('BEGIN IMMEDIATE')
  return () => other.exec('COMMIT')
}

function startChild(t: TestContext, ...args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [childScript, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  return child
}

test('a contact that went away is gone from the file although a refresh followed before it was written', async (t) => {
  const path = registryPath(t)
  const { store, writer } = writing(t, path)
  const kept = bindingOf({ contact: 'sip:kept@h', cseq: 1 })
  store.replace(ann, [kept, bindingOf({ contact: 'sip:gone@h' })])
  await writer.flush()
  store.replace(ann, [{ ...kept, cseq: 2 }])
  store.replace(ann, [{ ...kept, cseq: 3 }])
  await writer.flush()
  store.replace(ann, [{ ...kept, cseq: 4 }])
  await writer.flush()
  const inFile = contentOf(path)
    .get(ann)
    ?.map(({ contact, cseq }) => [contact, cseq])
  assert.deepEqual(inFile, [['sip:kept@h', 4]])
})

test('a contact that was to live shorter and ran out before that was written is gone from the file', async (t) => {
  const path = registryPath(t)
  const clock = new ManualClock(Date.now())
  const { store, writer } = writing(t, path, {}, clock)
  const one = bindingOf({ contact: 'sip:1@h', expiresAtMs: clock.now() + 3_600_000 })
  const two = bindingOf({ contact: 'sip:2@h', expiresAtMs: clock.now() + 3_600_000 })
  store.replace(ann, [one, two])
  await writer.flush()
  store.replace(ann, [one, { ...two, cseq: 2, expiresAtMs: clock.now() + 60_000 }])
  clock.advance(180_000) // The store is cleaned.
  store.replace(ann, [{ ...one, cseq: 3 }])
  await writer.flush()
  assert.deepEqual(
    contentOf(path)
      .get(ann)
      ?.map(({ contact }) => contact),
    ['sip:1@h'],
  )
})

test('what was replaced, put and removed is in the file when flush resolves', async (t) => {
  const path = registryPath(t)
  const { store, writer, lines } = writing(t, path)
  store.replace(ann, [bindingOf({ contact: 'sip:1@h' }), bindingOf({ contact: 'sip:2@h', q: 500 })])
  store.replace(bob, [bindingOf()])
  await writer.flush()
  assert.deepEqual(contentOf(path), new Map(store.all()))
  store.replace(ann, [bindingOf({ contact: 'sip:2@h', cseq: 2 })])
  store.replace(bob, [])
  await writer.flush()
  assert.deepEqual(contentOf(path), new Map(store.all()))
  assert.deepEqual([...contentOf(path).keys()], [ann])
  assert.deepEqual([writer.waiting, lines], [0, []])
})

test('changes come to the file by themselves, and stop writes the last of them', async (t) => {
  const path = registryPath(t)
  const { store, writer } = writing(t, path)
  store.replace(ann, [bindingOf()])
  while (writer.waiting > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  assert.equal(contentOf(path).size, 1)
  store.replace(bob, [bindingOf()])
  await writer.stop()
  assert.equal(contentOf(path).size, 2)
})

test('a writer that has nothing to write, or was not started, stops at once', async (t) => {
  const path = registryPath(t)
  const { log } = recordingLog()
  await new LocationWriter({ path, clock: systemClock, log, everything: () => [] }).stop()
  const { writer } = writing(t, path)
  await writer.flush()
  await writer.stop()
})

test('20,000 users are written and read again', async (t) => {
  const path = registryPath(t)
  const { store, writer } = writing(t, path)
  for (let i = 0; i < 20_000; i++) store.replace(`sip:${i}@example.com`, [bindingOf({ cseq: i })])
  await writer.flush()
  assert.deepEqual(contentOf(path), new Map(store.all()))
})

test('while the file is locked an address waits once however often it changes, and the last of it is written', async (t) => {
  const path = registryPath(t)
  const { store, writer, lines } = writing(t, path)
  const release = holdLock(t, path)
  store.replace(bob, [bindingOf()])
  const flushed = writer.flush() // This batch now waits for the lock.
  for (let cseq = 1; cseq <= 10_000; cseq++) store.replace(ann, [bindingOf({ cseq })])
  assert.equal(writer.waiting, 2)
  release()
  await flushed
  await writer.flush()
  assert.equal(contentOf(path).get(ann)?.[0]?.cseq, 10_000)
  assert.deepEqual(lines, [])
})

test('when more addresses change than may wait, all there is gets written once the file takes it', async (t) => {
  const path = registryPath(t)
  const { store, writer } = writing(t, path, { mostWaiting: 10 })
  const release = holdLock(t, path)
  store.replace(bob, [bindingOf()])
  const flushed = writer.flush()
  for (let i = 0; i < 5000; i++) store.replace(`sip:${i}@example.com`, [bindingOf()])
  assert.equal(writer.waiting, 11)
  release()
  await flushed
  assert.deepEqual(contentOf(path), new Map(store.all()))
})

test('a thread that dies is started again, and its batch repeated', async (t) => {
  const path = registryPath(t)
  const workers: Worker[] = []
  const { store, writer, lines } = writing(t, path, {
    startThread: (data) => {
      const worker = new Worker(threadScript, { workerData: data })
      workers.push(worker)
      return worker
    },
  })
  const release = holdLock(t, path)
  store.replace(ann, [bindingOf()])
  const flushed = writer.flush()
  await workers[0]?.terminate()
  release()
  store.replace(bob, [bindingOf()])
  await flushed
  await writer.flush()
  assert.equal(workers.length, 2)
  assert.deepEqual([...contentOf(path).keys()], [ann, bob])
  assert.match(lines.join(''), /ended, and is started again/)
})

test('a file that somebody deletes or replaces is made again with all there is', async (t) => {
  const path = registryPath(t)
  const { store, writer } = writing(t, path)
  store.replace(ann, [bindingOf()])
  await writer.flush()
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
  store.replace(bob, [bindingOf()])
  await writer.flush()
  assert.deepEqual([...contentOf(path).keys()].sort(), [ann, bob])
})

test('flush waits for the last of what is written again', async (t) => {
  const path = registryPath(t)
  let underWay = 0
  let isRemoved = false
  /** What was under way still when a flush resolved that began with a batch. */
  const left: Promise<number>[] = []
  const startThread = (data: WriterThreadData): Worker => {
    const worker = new Worker(threadScript, { workerData: data })
    const post = worker.postMessage.bind(worker)
    worker.postMessage = (order: WriterOrder) => {
      post(order)
      if (order.order !== 'commit') return
      underWay++
      if (isRemoved) left.push(writer.flush().then(() => underWay))
    }
    worker.prependListener('message', () => underWay--)
    return worker
  }
  const { store, writer } = writing(t, path, { startThread })
  for (let i = 0; i < 7000; i++) store.replace(`sip:${i}@example.com`, [bindingOf()])
  await writer.flush()
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
  isRemoved = true
  store.replace(ann, [bindingOf()])
  await writer.flush()
  for (const one of await Promise.all(left)) assert.equal(one, 0)
  assert.equal(contentOf(path).size, 7001)
})

test('a broken file is moved aside, and all there is written to a new one', async (t) => {
  const path = registryPath(t)
  mkdirSync(dirname(path))
  writeFileSync(path, 'not a database, but long enough to be looked at as one'.repeat(100))
  const { store, writer, lines } = writing(t, path)
  store.replace(ann, [bindingOf()])
  await writer.flush()
  assert.deepEqual([...contentOf(path).keys()], [ann])
  assert.match(lines.join(''), /was broken; all are written to a new one .*movedTo=/)
  assert.ok(readdirSync(dirname(path)).some((name) => name.includes('.broken-')))
})

test('rows that have expired are deleted from the file', async (t) => {
  const path = registryPath(t)
  const file = new BindingsFile(path)
  file.write([[bob, [bindingOf({ expiresAtMs: Date.now() - 1 })]]])
  file.close()
  const { store, writer } = writing(t, path, { cleanupEveryMs: 0 })
  store.replace(ann, [bindingOf()])
  await writer.flush()
  const reader = openSqlite(path, { migrations: [], isReadOnly: true })
  t.after(() => reader.close())
  assert.deepEqual(reader.prepare('SELECT address_of_record FROM binding').pluck().all(), [ann])
})

test('stop gives up on a file that cannot be written within its limit, and says how much was lost', async (t) => {
  const path = registryPath(t)
  writeFileSync(dirname(path), 'a file where the folder should be')
  const { store, writer, lines } = writing(t, path)
  store.replace(ann, [bindingOf()])
  await writer.stop(300)
  assert.match(lines.join(''), /cannot be written; they are kept in memory and tried again/)
  assert.match(lines.join(''), /could not be written before the end addresses=1/)
})

test('a failure is tried again with growing delay, logged once a minute, and stop does not wait for the next try', async (t) => {
  const path = registryPath(t)
  const obstacle = dirname(path)
  writeFileSync(obstacle, 'a file where the folder should be')
  const clock = new ManualClock(Date.now())
  const thread = observedThread()
  const { store, writer, lines } = writing(t, path, { clock, startThread: thread.start })
  const failedAtMs: number[] = []
  store.replace(ann, [bindingOf()])
  clock.advance(200)
  for (let i = 0; i < 6; i++) {
    const report = await thread.report()
    assert.equal(report.result, 'failed')
    failedAtMs.push(clock.monotonicMs())
    if (i < 5) clock.advance(250 * 2 ** i)
  }
  assert.deepEqual(failedAtMs, [200, 450, 950, 1950, 3950, 7950])
  assert.equal(lines.length, 1)
  clock.advance(60_000)
  await thread.report()
  assert.equal(lines.length, 2)
  assert.match(lines[1] ?? '', /waiting=1 failuresSince=5/)
  rmSync(obstacle)
  await writer.stop()
  assert.deepEqual([...contentOf(path).keys()], [ann])
  assert.equal(lines.length, 2)
})

test('after kill -9 the file has everything that was taken more than a second before', async (t) => {
  const path = registryPath(t)
  const users = 3000
  const child = startChild(t, 'churn', 'k', String(users), path)
  const taken: { readonly cseq: number; readonly atMs: number }[] = []
  for await (const line of createInterface({ input: child.stdout! })) {
    const [cseq = 0, atMs = 0] = line.split(' ').map(Number)
    taken.push({ cseq, atMs })
    if (atMs > taken[0]!.atMs + 2500) break
  }
  const killedAtMs = Date.now()
  child.kill('SIGKILL')
  await once(child, 'exit')
  const due = taken.findLast(({ atMs }) => atMs < killedAtMs - 1000)!.cseq
  assert.ok(due > users, `it took only ${due} changes`)
  const content = contentOf(path, recordingLog().log)
  for (let cseq = due - users + 1; cseq <= due; cseq++) {
    const found = content.get(`sip:k${cseq % users}@example.com`)?.[0]?.cseq ?? 0
    assert.ok(found >= cseq && found % users === cseq % users, `change ${cseq} of ${due} is not there, but ${found}`)
  }
})

test('two processes write one file, each its own addresses', async (t) => {
  const path = registryPath(t)
  const children = ['a', 'b'].map((prefix) => startChild(t, 'write', prefix, '5000', path))
  const complaints = children.map((child) => child.stderr!.toArray())
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]))
  assert.deepEqual(codes, [0, 0])
  assert.equal((await Promise.all(complaints)).flat().join(''), '')
  const content = contentOf(path)
  assert.equal(content.size, 10_000)
  for (const [user, [binding]] of content) assert.ok(binding!.cseq > 5000, `${user} has change ${binding!.cseq}`)
})

test('a disk that takes no more costs nothing once it has room again', async (t) => {
  const path = registryPath(t)
  // A limit on the size of files stands for the disk's end: it needs no mount, and can be lifted from outside.
  const command = `ulimit -S -f 1024; exec "${process.execPath}" "${childScript}" write f 20000 "${path}"`
  const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'ignore', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  const exited = once(child, 'exit')
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stderr! })) {
    if (lines.push(line) === 1) execFileSync('prlimit', ['--pid', String(child.pid), '--fsize=unlimited:'])
  }
  assert.equal((await exited)[0], 0)
  assert.match(lines[0] ?? '', /cannot be written; they are kept in memory and tried again/)
  assert.equal(lines.length, 1)
  assert.equal(contentOf(path).size, 20_000)
})
