import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../lib/time/clock.ts'
import { type Located, Locator } from '../../sipd/locate/locator.ts'
import type { Lookup } from '../../sipd/locate/names.ts'
import { parseSipUri } from '../../sipd/message/uri.ts'
import { addressesBy } from '../support/sip-server.ts'
import { caller } from './proxy-support.ts'

/** A locator whose names are answered by hand. */
function locator(configured: readonly string[] = []) {
  const clock = new ManualClock()
  const asked: {
    readonly host: string
    readonly answer: (addresses: readonly string[]) => void
    readonly fail: () => void
  }[] = []
  const lookup: Lookup = (host) =>
    new Promise((resolve, reject) => asked.push({ host, answer: resolve, fail: () => reject(new Error('silent')) }))
  const names = addressesBy(lookup)
  const served = new Locator({
    clock,
    policy: { usesNaptr: false, srvForFqdnOnly: false, transportOrder: ['UDP'] },
    names,
    families: [4, 6],
    transports: new Set(['UDP', 'TCP']),
    configured: { names, hosts: new Set(configured) },
  })
  /** A port, so that there is one question for each name. */
  const locate = (host: string, from = caller.address): Located | Promise<Located> =>
    served.locate(parseSipUri(`sip:x@${host.includes(';') || host.includes(':') ? host : `${host}:5060`}`)!, {
      ...caller,
      address: from,
    })
  return { clock, asked, locate }
}

const addressOf = async (located: Located | Promise<Located> | undefined): Promise<string | undefined> =>
  addressNow((await located) ?? 'noRoom')

/** Of what is known already. */
function addressNow(located: Located | Promise<Located>): string | undefined {
  assert.ok(!(located instanceof Promise))
  return typeof located === 'string' ? undefined : located[0]?.address
}

test('one source has ten names looked up at once, and others have theirs meanwhile', () => {
  const { asked, locate } = locator()
  for (let i = 0; i < 50; i++) locate(`n${i}.example`)
  assert.equal(asked.length, 10)
  assert.equal(locate('more.example'), 'noRoom', 'at once')
  locate('good.example', '198.51.100.2')
  assert.equal(asked.at(-1)!.host, 'good.example')
})

test('all addresses of an IPv6 /64 are one source of names', () => {
  const { asked, locate } = locator()
  for (let i = 0; i < 50; i++) locate(`n${i}.example`, `2001:db8:0:7::${i + 1}`)
  assert.equal(asked.length, 10)
})

test('a look-up that ended, well or not, makes room for another of its source', async () => {
  const { asked, locate } = locator()
  const located = Array.from({ length: 10 }, (_, i) => locate(`n${i}.example`))
  asked[0]!.answer(['203.0.113.1'])
  asked[1]!.fail()
  assert.deepEqual(await Promise.all([addressOf(located[0]), addressOf(located[1])]), ['203.0.113.1', undefined])
  for (let i = 0; i < 5; i++) locate(`m${i}.example`)
  assert.equal(asked.length, 12)
})

test('200 names are looked up at once for all sources together, and those of sipd.conf beside them', () => {
  const { asked, locate } = locator(['gw.example'])
  for (let i = 0; i < 500; i++) locate(`n${i}.example`, `198.51.${100 + (i >> 8)}.${i & 255}`)
  assert.equal(asked.length, 200)
  assert.equal(locate('good.example', '192.0.2.77'), 'noRoom')
  assert.ok(locate('GW.example.', '192.0.2.77') instanceof Promise)
  assert.equal(asked.at(-1)!.host, 'gw.example')
})

test('this machine itself has all the room that there is', () => {
  const { asked, locate } = locator()
  for (let i = 0; i < 500; i++) locate(`n${i}.example`, '127.0.0.1')
  assert.equal(asked.length, 200)
})

test('a name is asked for once, however many requests wait for it', async () => {
  const { asked, locate } = locator()
  const located = Array.from({ length: 100 }, (_, i) => locate('gw.example', `198.51.100.${i % 3}`))
  assert.equal(asked.length, 1)
  asked[0]!.answer(['203.0.113.1', '203.0.113.2'])
  assert.deepEqual(new Set(await Promise.all(located.map(addressOf))), new Set(['203.0.113.1']))
})

test('an answer is used for as long as it says, and for 5 s that there was none', async () => {
  const { asked, locate, clock } = locator()
  const first = [locate('gw.example'), locate('dead.example')]
  asked[0]!.answer(['203.0.113.1'])
  asked[1]!.fail()
  await Promise.all(first)
  clock.advance(4999)
  assert.equal(addressNow(locate('gw.example')), '203.0.113.1')
  assert.equal(locate('dead.example'), 'noAnswer')
  assert.equal(asked.length, 2)
  clock.advance(1)
  locate('dead.example')
  clock.advance(25_000)
  locate('gw.example')
  assert.deepEqual(
    asked.slice(2).map(({ host }) => host),
    ['dead.example', 'gw.example'],
  )
})

test('10,000 answers are kept, and names of strangers drive out none that is asked for', async () => {
  const { asked, locate } = locator()
  const ask = async (host: string): Promise<void> => {
    const located = locate(host)
    asked.at(-1)!.answer(['203.0.113.1'])
    await located
  }
  await ask('gw.example')
  for (let i = 0; i < 10_500; i++) {
    await ask(`n${i}.example`)
    if (i % 5000 === 0) assert.ok(!(locate('gw.example') instanceof Promise))
  }
  assert.ok(!(locate('gw.example') instanceof Promise), 'it was asked for now and then')
  assert.ok(locate('n0.example') instanceof Promise, 'and this one was not')
})

test('a name of sipd.conf keeps its address while the DNS is silent', async () => {
  const { asked, locate, clock } = locator(['gw.example'])
  const first = locate('gw.example')
  asked[0]!.answer(['203.0.113.1'])
  await first
  clock.advance(30_001)
  const again = locate('gw.example')
  asked[1]!.fail()
  assert.equal(await addressOf(again), '203.0.113.1')
})

test('a maddr of IPv6 is an address, with its brackets and without', () => {
  const { locate, asked } = locator()
  for (const maddr of ['[2001:db8::1]', '198.51.100.9'])
    assert.equal(addressNow(locate(`h.example;maddr=${maddr}`)), maddr.replace(/[[\]]/g, ''))
  assert.equal(asked.length, 0)
})

test('the places of a name are its addresses in their order, four at most', async () => {
  const { locate, asked } = locator()
  const located = locate('gw.example:5070;transport=tcp')
  asked[0]?.answer([1, 2, 3, 4, 5, 6].map((n) => `203.0.113.${n}`))
  assert.deepEqual(
    await located,
    [1, 2, 3, 4].map((n) => ({ transport: 'TCP', address: `203.0.113.${n}`, port: 5070, isExplicit: true })),
  )
  assert.ok(!(locate('gw.example') instanceof Promise), 'and they are kept')
})
