import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import type { Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ControlError, controlLines, listenForControl } from '../../lib/process/control.ts'
import { ManualClock } from '../../lib/time/clock.ts'
import type { Call } from '../../sipd/calls/call.ts'
import { MemoryLocation } from '../../sipd/location/memory.ts'
import { isOfUser, type ListItem, Listings } from '../../sipd/worker/listing.ts'

const clock = new ManualClock()

function listings(users: number, calls: readonly Call[] = []): Listings {
  const store = new MemoryLocation({ clock, cleanupEveryMs: 180_000 })
  for (let i = 0; i < users; i++) {
    const contact = `sip:user${i}@192.0.2.7:5062`
    const expiresAtMs = clock.now() + 90_500
    const binding = {
      contact,
      callId: 'c',
      cseq: 7,
      q: 500,
      expiresAtMs,
      flow: undefined,
      path: [],
      userAgent: 'Phone',
      instance: '',
      features: '',
      source: '',
    }
    store.replace(`sip:user${i}@example.test`, [binding])
  }
  return new Listings({ clock, store, calls: () => calls })
}

function whole(lists: Listings, user = '', subject: 'registrations' | 'calls' = 'registrations'): ListItem[] {
  const items: ListItem[] = []
  let page = lists.begin(1, subject, user)
  for (; ; page = lists.next(1)) {
    items.push(...page.items)
    if (page.isLast) return items
  }
}

test('a list of many registrations comes in pages, each registration once', () => {
  const lists = listings(1234)
  const first = lists.begin(1, 'registrations', '')
  assert.deepEqual([first.items.length, first.isLast], [200, false])
  const all = whole(lists)
  assert.equal(new Set(all.map((item) => JSON.stringify(item))).size, 1234)
})

test('a registration is listed with what a person asks for', () => {
  assert.deepEqual(whole(listings(3), 'user2'), [
    {
      addressOfRecord: 'sip:user2@example.test',
      contacts: [
        {
          contact: 'sip:user2@192.0.2.7:5062',
          q: 0.5,
          expiresInSeconds: 91,
          flow: null,
          path: [],
          userAgent: 'Phone',
          callId: 'c',
          cseq: 7,
        },
      ],
    },
  ])
})

test('a page of a list whose user is nobody is empty and not the last while there is more to look through', () => {
  const lists = listings(6000)
  const first = lists.begin(1, 'registrations', 'nobody')
  assert.deepEqual([first.items, first.isLast], [[], false])
  assert.deepEqual(whole(lists, 'nobody'), [])
})

test('a user is named by the name, the address or the URI, and no other is taken for it', () => {
  const uri = 'sip:ann@Example.test:5060;transport=tcp'
  for (const name of ['ann', 'ann@example.test', 'sip:ann@example.test', 'sips:ann@EXAMPLE.test', ''])
    assert.ok(isOfUser(uri, name), name)
  for (const name of ['an', 'Ann', 'ann@example', 'bob', 'ann@other.test', 'example.test'])
    assert.ok(!isOfUser(uri, name), name)
  assert.ok(isOfUser('tel:+41', '+41'))
})

test('calls of a user are those it makes and those it gets, with how long they last whatever becomes of the wall clock', () => {
  const call = (callId: string, from: string, to: string): Call => ({
    state: 'ringing',
    callId,
    from: `sip:${from}@example.test`,
    to: `sip:${to}@example.test`,
    sinceMs: clock.monotonicMs() - 61_000,
  })
  const calls = [call('1', 'ann', 'bob'), call('2', 'bob', 'carol'), call('3', 'carol', 'dan')]
  clock.setWallClock(clock.now() + 86_400_000)
  const sinceMs = clock.now() - 61_000
  const found = whole(listings(0, calls), 'bob', 'calls')
  assert.deepEqual(found, [
    { ...calls[0], sinceMs, seconds: 61 },
    { ...calls[1], sinceMs, seconds: 61 },
  ])
})

async function withControl(
  lines: () => AsyncIterable<string>,
  use: (path: string, server: Server) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-control-'))
  const path = join(folder, 'control')
  const server = await listenForControl(path, async () => lines())
  try {
    await use(path, server)
  } finally {
    server.close()
    rmSync(folder, { recursive: true })
  }
}

test('an answer of many lines arrives whole, at the pace of who reads it', () =>
  withControl(
    async function* () {
      for (let i = 0; i < 50_000; i++) yield `line ${i} ${'x'.repeat(100)}`
    },
    async (path) => {
      let count = 0
      for await (const line of controlLines(path, 'list')) assert.ok(line.startsWith(`line ${count++} `))
      assert.equal(count, 50_000)
    },
  ))

test('an answer that breaks off is an error, never a shorter list', () =>
  withControl(
    async function* () {
      yield 'first'
      throw new Error('the worker ended')
    },
    async (path) => {
      const lines: string[] = []
      await assert.rejects(
        async () => {
          for await (const line of controlLines(path, 'list')) lines.push(line)
        },
        (error) => error instanceof ControlError && error.message === 'the worker ended',
      )
      assert.deepEqual(lines, ['first'])
    },
  ))
