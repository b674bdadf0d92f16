import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createLog, silentLog } from '../../lib/log/log.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { Registrations } from '../../sipd/location/registrations.ts'
import { type FrameKind, frames } from '../../sipd/worker/frames.ts'
import { RegistrationHandover } from '../../sipd/worker/registration-handover.ts'
import { until } from '../support/appliance.ts'
import { accountFor } from '../support/sip-account.ts'
import { bindingOf, contentOf, registryPath } from './location-support.ts'

interface Member {
  readonly registrations: Registrations
  readonly handover: RegistrationHandover
  register(user: string): void
  users(): string[]
  /** Kills it: the others see that their links are gone. */
  die(): void
}

/** Workers that are linked in memory: frames arrive in their order, each in a turn of its own. */
class Mesh {
  readonly #t: TestContext
  readonly #path: string
  readonly #members = new Map<
    number,
    { readonly receive: (from: number, kind: FrameKind, payload: Buffer) => void } & Member
  >()
  readonly #blocked = new Set<string>()
  #held: { readonly kind: FrameKind; readonly deliver: () => void }[] = []
  #onHeld: (() => void) | undefined

  constructor(t: TestContext, path: string) {
    this.#t = t
    this.#path = path
  }

  /** What one sends to the other does not arrive until `release`. */
  block(from: number, to: number): void {
    this.#blocked.add(`${from} ${to}`)
  }

  release(): void {
    this.#blocked.clear()
    const held = this.#held
    this.#held = []
    for (const { deliver } of held) deliver()
  }

  /** Resolves when a frame of this kind waits for `release`. */
  async holds(kind: FrameKind): Promise<void> {
    while (!this.#held.some((frame) => frame.kind === kind))
      await new Promise<void>((resolve) => {
        this.#onHeld = resolve
      })
  }

  #send(from: number, to: number, kind: FrameKind, payload: Buffer): boolean {
    const deliver = (): void => this.#members.get(to)?.receive(from, kind, payload)
    if (!this.#members.has(to)) return false
    if (this.#blocked.has(`${from} ${to}`)) {
      this.#held.push({ kind, deliver })
      this.#onHeld?.()
    } else setImmediate(deliver)
    return true
  }

  /** A worker that is linked with all others, and has loaded when it resolves. */
  async join(id: number, members: readonly number[], sources: readonly number[], log = silentLog): Promise<Member> {
    const others = (): number[] => [...this.#members.keys()].filter((other) => other !== id)
    const registrations = new Registrations({
      path: this.#path,
      maxAgeMs: Number.POSITIVE_INFINITY,
      statics: [],
      cleanupEveryMs: 180_000,
      limits: { maxExpiresSeconds: 86_400, users: 10_000 },
      account: accountFor(systemClock),
      clock: systemClock,
      log,
      tell: (changes) => {
        for (const other of others()) this.#send(id, other, frames.changes, changes)
      },
      hasOthers: () => others().length > 0,
    })
    const { store } = registrations
    const handover = new RegistrationHandover({
      clock: systemClock,
      registrations,
      start: { members, index: members.indexOf(id), sources },
      send: (to, kind, payload) => this.#send(id, to, kind, payload),
      workers: others,
    })
    const member: Member = {
      registrations,
      handover,
      register: (user) => store.replace(`sip:${user}@h`, [bindingOf({ contact: `sip:${user}@192.0.2.1` })]),
      users: () => [...store.all()].map(([addressOfRecord]) => addressOfRecord.slice(4, -2)).sort(),
      die: () => {
        this.#members.delete(id)
        for (const other of this.#members.values()) other.handover.gone(id)
      },
    }
    this.#members.set(id, {
      ...member,
      receive: (from, kind, payload) => {
        if (kind === frames.changes) registrations.heard(payload)
        else if (kind === frames.subscribe) {
          registrations.tellNow()
          this.#send(id, from, frames.subscribed, Buffer.from([handover.isWriting ? 1 : 0]))
        } else handover.receive(from, kind, payload)
      },
    })
    this.#t.after(() => registrations.stop(100))
    await handover.load()
    return member
  }
}

/** No file can be there. */
function unusablePath(t: TestContext): string {
  const path = registryPath(t)
  writeFileSync(dirname(path), 'a file where the folder should be')
  return path
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `user${1000 + i}`)

test('a worker that begins has all of one that serves, in pages, without a file', async (t) => {
  const mesh = new Mesh(t, unusablePath(t))
  const one = await mesh.join(1, [1], [])
  for (const user of numbered(1234)) one.register(user)
  const two = await mesh.join(2, [2], [1])
  assert.deepEqual(two.users(), numbered(1234))
})

test('it has what a third had told before it was there, though the one that gives has not heard of that yet', async (t) => {
  const mesh = new Mesh(t, unusablePath(t))
  const one = await mesh.join(1, [1, 2], [])
  const two = await mesh.join(2, [1, 2], [1])
  mesh.block(2, 1)
  two.register('ann')
  two.registrations.tellNow()
  const beginning = mesh.join(3, [3], [1])
  // The first has asked the second whether there is anything it was not told.
  await mesh.holds(frames.subscribed)
  mesh.release()
  assert.deepEqual((await beginning).users(), ['ann'])
  assert.deepEqual(one.users(), ['ann'])
})

test('what is told while it asks counts after what it gets', async (t) => {
  const mesh = new Mesh(t, unusablePath(t))
  const one = await mesh.join(1, [1], [])
  for (const user of numbered(3000)) one.register(user)
  const beginning = mesh.join(2, [2], [1])
  one.register('later')
  one.registrations.store.replace('sip:user1000@h', [])
  const two = await beginning
  one.registrations.tellNow()
  await until(() => two.users().join() === one.users().join(), 5000, 'the same users in both')
})

test('one that hangs, has not loaded itself or dies is passed over for the next, and at last for the file', async (t) => {
  const path = registryPath(t)
  const mesh = new Mesh(t, path)
  const one = await mesh.join(1, [1, 2], [])
  one.register('ann')
  await one.registrations.flush()
  const two = await mesh.join(2, [1, 2], [1])
  mesh.block(1, 3)
  const three = await mesh.join(3, [3], [1, 2])
  assert.deepEqual(three.users(), ['ann'], 'from the second')
  mesh.release()
  one.die()
  two.die()
  three.die()
  assert.deepEqual((await mesh.join(4, [4], [1, 2, 3])).users(), ['ann'], 'from the file')
})

test('what is not in the file yet is written by the successor, once the one before writes no more', async (t) => {
  const path = registryPath(t)
  const mesh = new Mesh(t, path)
  const one = await mesh.join(1, [1], [])
  one.register('ann')
  const two = await mesh.join(2, [2], [1])
  mesh.block(1, 2)
  const closed = one.handover.handOver([2])
  two.register('bob')
  await closed
  const flushed = two.registrations.flush()
  // As long as a worker takes to write that does not wait.
  const free = await new Mesh(t, registryPath(t)).join(1, [1], [])
  for (const user of numbered(10)) {
    free.register(user)
    await free.registrations.flush()
  }
  assert.deepEqual([...contentOf(path).keys()], [], 'it waits for the word of the one before')
  mesh.release()
  await flushed
  assert.deepEqual([...contentOf(path).keys()].sort(), ['sip:ann@h', 'sip:bob@h'])
  one.register('carol')
  await one.registrations.stop(100)
  assert.equal(contentOf(path).size, 2, 'who has handed over writes nothing more')
})

test('when the one before dies without a word the successor writes all there is', async (t) => {
  const path = registryPath(t)
  const mesh = new Mesh(t, path)
  const one = await mesh.join(1, [1], [])
  one.register('ann')
  const two = await mesh.join(2, [2], [1])
  one.die()
  await two.registrations.flush()
  assert.deepEqual([...contentOf(path).keys()], ['sip:ann@h'])
})

test('what a worker had not written when it died is written by another once the disk takes it', async (t) => {
  const path = unusablePath(t)
  const mesh = new Mesh(t, path)
  let hasFailed = (): void => {}
  const failed = new Promise<void>((resolve) => {
    hasFailed = resolve
  })
  const log = createLog({ component: 'sipd', write: (line) => line.includes('cannot be written') && hasFailed() })
  const one = await mesh.join(1, [1, 2], [], log)
  const two = await mesh.join(2, [1, 2], [1])
  one.register('ann')
  two.register('bob')
  one.registrations.tellNow()
  await failed
  one.die()
  rmSync(dirname(path))
  await two.registrations.flush()
  assert.deepEqual([...contentOf(path).keys()].sort(), ['sip:ann@h', 'sip:bob@h'])
})

test('a worker that is told to end twice hands over twice what it had not written', async (t) => {
  const mesh = new Mesh(t, unusablePath(t))
  const one = await mesh.join(1, [1], [])
  one.register('ann')
  const first = one.registrations.handOver()
  assert.deepEqual(first.addresses, ['sip:ann@h'])
  assert.deepEqual(one.registrations.handOver().addresses, first.addresses)
})
