/** RFC 3263 §4: from what a URI says and what the DNS says to places in order. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { weightedOrder } from '../../lib/net/weighted-order.ts'
import { ManualClock } from '../../lib/time/clock.ts'
import type { NaptrRecord, SrvRecord } from '../../sipd/dns/message.ts'
import { NoAnswerError } from '../../sipd/dns/resolver.ts'
import { type DnsPolicy, type Located, Locator } from '../../sipd/locate/locator.ts'
import type { NameService } from '../../sipd/locate/names.ts'
import type { Binding } from '../../sipd/location/binding.ts'
import type { Hop, TransportName } from '../../sipd/message/hop.ts'
import { parseSipUri } from '../../sipd/message/uri.ts'
import { caller, type Harness, harness, headers, request } from './proxy-support.ts'

interface Zone {
  readonly naptr?: Readonly<Record<string, readonly NaptrRecord[]>>
  readonly srv?: Readonly<Record<string, readonly SrvRecord[]>>
  readonly addresses?: Readonly<Record<string, readonly string[]>>
  /** Questions that nobody answers, such as `SRV _sip._udp.example.com`. */
  readonly silent?: readonly string[]
}

const srv = (target: string, port = 5060, priority = 10, weight = 0): SrvRecord => ({ target, port, priority, weight })
const naptr = (order: number, services: string, replacement: string, more: Partial<NaptrRecord> = {}): NaptrRecord => ({
  ...{ order, preference: 50, flags: 's', services, regexp: '', replacement },
  ...more,
})

function serviceOf({ naptr = {}, srv = {}, addresses = {}, silent = [] }: Zone) {
  const asked: string[] = []
  const answer = async <R>(question: string, records: readonly R[] = []) => {
    asked.push(question)
    if (silent.includes(question)) throw new NoAnswerError(question)
    return { records, ttlSeconds: 60 }
  }
  const names: NameService = {
    known: (host) => (host === 'hosts.file' ? ['192.0.2.77'] : undefined),
    addresses: (host) => answer(`A ${host}`, addresses[host]),
    srv: (service, host) => answer(`SRV ${service}${host}`, srv[service + host]),
    naptr: (host) => answer(`NAPTR ${host}`, naptr[host]),
  }
  return { names, asked }
}

const standard: DnsPolicy = { usesNaptr: true, srvForFqdnOnly: false, transportOrder: ['TLS', 'TCP', 'UDP'] }

function locatorOf(
  zone: Zone,
  policy: Partial<DnsPolicy> = {},
  transports: readonly TransportName[] = ['UDP', 'TCP', 'TLS'],
) {
  const { names, asked } = serviceOf(zone)
  const clock = new ManualClock()
  const locator = new Locator({
    clock,
    policy: { ...standard, ...policy },
    names,
    families: [4, 6],
    transports: new Set(transports),
    configured: { names, hosts: new Set() },
    random: () => 0,
  })
  const locate = async (uri: string, options = {}): Promise<string> =>
    textOf(await locator.locate(parseSipUri(uri)!, caller, options))
  return { locate, asked, locator, clock }
}

function textOf(located: Located): string {
  if (typeof located === 'string') return located
  return located.map(({ transport, address, port }) => `${transport} ${address}:${port}`).join(', ')
}

/** The sample of the manual: two farms, and three transports by preference. */
const sample: Zone = {
  naptr: {
    'cisco.com': [
      naptr(100, 'SIP+D2U', '_sip._udp.cisco.com'),
      naptr(90, 'SIP+D2T', '_sip._tcp.cisco.com'),
      naptr(50, 'SIPS+D2T', '_sips._tcp.cisco.com'),
    ],
  },
  srv: {
    '_sips._tcp.cisco.com': [srv('farm2.cisco.com', 5061, 20, 1), srv('farm1.cisco.com', 5061, 10, 1)],
    '_sip._tcp.cisco.com': [srv('farm1.cisco.com', 5060, 10, 20), srv('farm2.cisco.com', 5060, 20, 1)],
    '_sip._udp.cisco.com': [srv('farm1.cisco.com', 5060, 10, 1)],
  },
  addresses: {
    'farm1.cisco.com': ['10.4.175.126', '10.4.175.127'],
    'farm2.cisco.com': ['10.4.175.128'],
    'cisco.com': ['10.4.175.1'],
  },
}

describe('a domain', () => {
  test('is reached by the transports that its NAPTR records prefer, over all targets in order', async () => {
    const { locate } = locatorOf(sample)
    assert.equal(
      await locate('sip:x@cisco.com'),
      'TLS 10.4.175.126:5061, TLS 10.4.175.127:5061, TLS 10.4.175.128:5061, TCP 10.4.175.126:5060, TCP 10.4.175.127:5060, TCP 10.4.175.128:5060',
    )
  })

  test('is reached by those of them alone that there is a listener of', async () => {
    assert.equal(
      await locatorOf(sample, {}, ['UDP']).locate('sip:x@cisco.com'),
      'UDP 10.4.175.126:5060, UDP 10.4.175.127:5060',
    )
  })

  test('of a sips URI is reached over TLS alone', async () => {
    const { locate, asked } = locatorOf(sample)
    assert.equal(
      await locate('sips:x@cisco.com'),
      'TLS 10.4.175.126:5061, TLS 10.4.175.127:5061, TLS 10.4.175.128:5061',
    )
    assert.equal(asked[0], 'NAPTR cisco.com')
  })

  test('has its NAPTR records looked up only where AllowNaptrLookup is On and the URI names no transport', async () => {
    for (const [uri, policy, options] of [
      ['sip:x@cisco.com', { usesNaptr: false }, {}],
      ['sip:x@cisco.com;transport=tcp', {}, {}],
      ['sip:x@cisco.com', {}, { transport: 'TCP' }],
    ] as const) {
      const { locate, asked } = locatorOf(sample, policy)
      await locate(uri, options)
      assert.equal(
        asked.some((question) => question.startsWith('NAPTR')),
        false,
        uri,
      )
    }
  })

  test('has SRV records of the transport that the URI, or sipd.conf for a Route, names', async () => {
    for (const [uri, options] of [
      ['sip:x@cisco.com;transport=tcp', {}],
      ['sip:x@cisco.com', { transport: 'TCP' }],
    ] as const) {
      const { locate, asked } = locatorOf(sample)
      assert.equal(await locate(uri, options), 'TCP 10.4.175.126:5060, TCP 10.4.175.127:5060, TCP 10.4.175.128:5060')
      assert.equal(asked[0], 'SRV _sip._tcp.cisco.com')
    }
  })

  test('without NAPTR records is reached in each of the 15 orders of TransportPrefOrder', async () => {
    const { naptr: _, ...zone } = sample
    const places = {
      TLS: 'TLS 10.4.175.126:5061, TLS 10.4.175.127:5061, TLS 10.4.175.128:5061',
      TCP: 'TCP 10.4.175.126:5060, TCP 10.4.175.127:5060, TCP 10.4.175.128:5060',
      UDP: 'UDP 10.4.175.126:5060, UDP 10.4.175.127:5060',
    }
    let orders = 0
    for (const order of ordersOf(['TLS', 'TCP', 'UDP'])) {
      orders++
      const expected = order.flatMap((transport) => places[transport].split(', ')).slice(0, 6)
      assert.equal(await locatorOf(zone, { transportOrder: order }).locate('sip:x@cisco.com'), expected.join(', '))
    }
    assert.equal(orders, 15)
  })

  test('ignores TLS in TransportPrefOrder where there is no TLS', async () => {
    const { naptr: _, ...zone } = sample
    const { locate } = locatorOf(zone, { transportOrder: ['TLS', 'UDP'] }, ['UDP', 'TCP'])
    assert.equal(await locate('sip:x@cisco.com'), 'UDP 10.4.175.126:5060, UDP 10.4.175.127:5060')
  })

  test('without SRV records is reached at its addresses, over UDP where TransportPrefOrder has it', async () => {
    const zone = { addresses: { 'plain.example': ['192.0.2.9'] } }
    assert.equal(await locatorOf(zone).locate('sip:x@plain.example'), 'UDP 192.0.2.9:5060')
    assert.equal(await locatorOf(zone).locate('sips:x@plain.example'), 'TLS 192.0.2.9:5061')
    const tcp = locatorOf(zone, { transportOrder: ['TCP'] })
    assert.equal(await tcp.locate('sip:x@plain.example'), 'TCP 192.0.2.9:5060')
    assert.equal(await tcp.locate('sip:x@192.0.2.1'), 'TCP 192.0.2.1:5060')
  })

  test('with a port, or in /etc/hosts, is asked for its addresses alone', async () => {
    const { locate, asked } = locatorOf(sample)
    assert.equal(await locate('sip:x@cisco.com:5070'), 'UDP 10.4.175.1:5070')
    assert.deepEqual(asked, ['A cisco.com'])
    assert.equal(await locate('sip:x@hosts.file'), 'UDP 192.0.2.77:5060')
    assert.equal(asked.length, 1)
  })

  test('without a dot has SRV records looked up only where SrvForFqdnOnly is Off', async () => {
    const zone = { srv: { '_sip._udp.gw': [srv('gw1', 5070)] }, addresses: { gw: ['192.0.2.1'], gw1: ['192.0.2.2'] } }
    assert.equal(await locatorOf(zone).locate('sip:x@gw'), 'UDP 192.0.2.2:5070')
    assert.equal(await locatorOf(zone, { srvForFqdnOnly: true }).locate('sip:x@gw'), 'UDP 192.0.2.1:5060')
  })

  test('is not asked for NAPTR records of other services, other flags, or without a replacement', async () => {
    const zone: Zone = {
      ...sample,
      naptr: {
        'cisco.com': [
          naptr(1, 'E2U+sip', '_sip._tcp.cisco.com', { flags: 'u' }),
          naptr(2, 'SIP+D2T', '', {}),
          naptr(3, 'SIP+D2S', '_sip._sctp.cisco.com'),
          naptr(4, 'sip+d2u', '_sip._udp.cisco.com', { flags: 'S' }),
        ],
      },
    }
    assert.equal(await locatorOf(zone).locate('sip:x@cisco.com'), 'UDP 10.4.175.126:5060, UDP 10.4.175.127:5060')
  })

  test('whose SRV target is the root is decidedly not there', async () => {
    const zone = { srv: { '_sip._udp.no.example': [srv('')] }, addresses: { 'no.example': ['192.0.2.1'] } }
    assert.equal(await locatorOf(zone, {}, ['UDP']).locate('sip:x@no.example'), 'noSuchName')
  })

  test('is not taken for its web server while nobody answers for its SRV records', async () => {
    const zone = { silent: ['SRV _sip._udp.web.example'], addresses: { 'web.example': ['192.0.2.80'] } }
    assert.equal(await locatorOf(zone, {}, ['UDP']).locate('sip:x@web.example'), 'noAnswer')
  })

  test('whose name server knows no NAPTR is reached by its SRV records', async () => {
    const { locate } = locatorOf({ ...sample, silent: ['NAPTR cisco.com'] }, {}, ['UDP'])
    assert.equal(await locate('sip:x@cisco.com'), 'UDP 10.4.175.126:5060, UDP 10.4.175.127:5060')
  })

  test('with a target that nobody answers for is reached at the others', async () => {
    const { locate } = locatorOf({ ...sample, silent: ['A farm1.cisco.com'] })
    assert.equal(await locate('sip:x@cisco.com;transport=tcp'), 'TCP 10.4.175.128:5060')
  })

  test('of thousands of targets has ten asked for, and six places', async () => {
    const many = Array.from({ length: 5000 }, (_, i) => srv(`t${i}.example`, 5060, i))
    const addresses = Object.fromEntries(many.map(({ target }, i) => [target, [`192.0.2.${i % 256}`]]))
    const { locate, asked } = locatorOf({ srv: { '_sip._udp.big.example': many }, addresses }, {}, ['UDP'])
    assert.equal((await locate('sip:x@big.example')).split(', ').length, 6)
    assert.equal(asked.filter((question) => question.startsWith('A ')).length, 10)
  })

  test('says why it leads nowhere', async () => {
    const { locate } = locatorOf({ silent: ['A down.example'] })
    assert.equal(await locate('sip:x@none.example'), 'noSuchName')
    assert.equal(await locate('sip:x@down.example'), 'noAnswer')
    assert.equal(await locate('sip:x@cisco.com;transport=sctp'), 'noTransport')
  })
})

describe('a place that failed', () => {
  const zone: Zone = {
    srv: { '_sip._udp.farm.example': [srv('one', 5060, 1), srv('two', 5060, 2), srv('three', 5060, 3)] },
    addresses: { one: ['192.0.2.1'], two: ['192.0.2.2'], three: ['192.0.2.3'] },
  }
  const hopTo = (address: string) => ({ ...caller, address, port: 5060 })
  const addressesOf = (places: string): string[] =>
    [...places.matchAll(/192\.0\.2\.(\d)/g)].map(([, last]) => last ?? '')

  test('is tried last for 30 s, and again first then', async () => {
    const { locate, locator, clock } = locatorOf(zone, {}, ['UDP'])
    locator.placeFailed(hopTo('192.0.2.1'))
    assert.deepEqual(addressesOf(await locate('sip:x@farm.example')), ['2', '3', '1'])
    clock.advance(30_000)
    assert.deepEqual(addressesOf(await locate('sip:x@farm.example')), ['1', '2', '3'])
  })

  test('rests for as long as its Retry-After says, and not longer than it answers again', async () => {
    const { locate, locator, clock } = locatorOf(zone, {}, ['UDP'])
    locator.placeFailed(hopTo('192.0.2.1'), 100)
    locator.placeFailed(hopTo('192.0.2.2'), 1_000_000)
    clock.advance(99_000)
    assert.deepEqual(addressesOf(await locate('sip:x@farm.example')), ['3', '1', '2'])
    locator.placeAnswered(hopTo('192.0.2.1'))
    assert.deepEqual(addressesOf(await locate('sip:x@farm.example')), ['1', '3', '2'])
    clock.advance(201_000)
    assert.deepEqual(addressesOf(await locate('sip:x@farm.example')), ['1', '2', '3'])
  })
})

describe('a request to several targets', () => {
  const { names } = serviceOf({
    srv: { '_sip._udp.farm.example': [srv('one', 5060, 1), srv('two', 5070, 2)] },
    addresses: { one: ['203.0.113.1'], two: ['203.0.113.2'] },
  })
  const farm = 'sip:x@farm.example;transport=udp'
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  const placeOf = ({ hop }: { readonly hop: Hop }): string => `${hop.address}:${hop.port}`
  const forwarded = (proxy: Harness): string[] =>
    proxy.take().flatMap((sent) => (/^(?:MESSAGE|INVITE)/.test(sent.text) ? [placeOf(sent)] : []))
  const next = (proxy: Harness, i: number): void =>
    proxy.receive(
      request('MESSAGE', farm, { Via: `SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKnext${i}`, 'Call-ID': `next-${i}` }),
    )

  test('is sent to the port of the target, and after a failure the next one has it, and all after it', async () => {
    const proxy = harness({ names })
    proxy.receive(request('MESSAGE', farm))
    await settled()
    const [first] = proxy.sent
    assert.ok(first)
    proxy.answer(first, 503, ['Retry-After: 20'])
    assert.deepEqual(forwarded(proxy), ['203.0.113.1:5060', '203.0.113.2:5070'])
    next(proxy, 1)
    assert.deepEqual(forwarded(proxy), ['203.0.113.2:5070'], 'and no look-up holds it up')
    proxy.clock.advance(20_000)
    proxy.forget()
    next(proxy, 2)
    assert.deepEqual(forwarded(proxy), ['203.0.113.1:5060'])
  })

  test('waits 64*T1 for a silent target, and others pass it over after 8*T1', async () => {
    const proxy = harness({ names })
    proxy.receive(request('INVITE', farm))
    await settled()
    proxy.clock.advance(4100)
    proxy.forget()
    next(proxy, 1)
    assert.deepEqual(forwarded(proxy), ['203.0.113.2:5070'])
    proxy.clock.advance(28_000)
    assert.ok(forwarded(proxy).includes('203.0.113.2:5070'))
  })

  test('leaves alone no target that answered 100', async () => {
    const proxy = harness({ names })
    proxy.receive(request('INVITE', farm))
    await settled()
    const [, invite] = proxy.sent
    assert.ok(invite)
    proxy.answer(invite, 100)
    proxy.clock.advance(5000)
    proxy.forget()
    next(proxy, 1)
    assert.deepEqual(forwarded(proxy), ['203.0.113.1:5060'])
  })
})

describe('what the caller hears of a name', () => {
  const silent = serviceOf({ silent: ['SRV _sip._udp.down.example'] }).names
  const answerTo = async (host: string, options: Parameters<typeof harness>[0] = {}): Promise<string> => {
    const proxy = harness({ names: silent, ...options })
    proxy.receive(request('MESSAGE', `sip:x@${host};transport=udp`))
    await new Promise((resolve) => setImmediate(resolve))
    const { text = '' } = proxy.sent[0] ?? {}
    return [text.slice(8, 11), ...headers(text, 'Warning')].join(' ')
  }

  test('that does not exist is 404, of one that nobody answers for 480, each with the name', async () => {
    assert.equal(await answerTo('none.example'), '404 399 castellan "the name none.example has no address"')
    assert.equal(await answerTo('down.example'), '480 399 castellan "no name server answered for down.example"')
  })

  test('in the contact of a user is 480, whatever is wrong with it', async () => {
    const proxy = harness({ names: silent })
    proxy.bind('bob', 'sip:bob@none.example;transport=udp')
    proxy.receive(request('MESSAGE', 'sip:bob@example.test'))
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(proxy.sent[0]?.text.slice(8, 11), '480')
  })

  test('is the status alone for who is not trusted', async () => {
    const relay = { exposed: [true], allowed: [], allowsRegistered: true }
    const statics = [['sip:ann@example.test', [staticBinding('sip:ann@198.51.100.1:5060')]]] as const
    assert.equal(await answerTo('none.example', { settings: { relay }, statics }), '404')
  })

  test('without a transaction is the same', async () => {
    const policy = { stateful: false }
    assert.equal(await answerTo('none.example', { policy }), '404 399 castellan "the name none.example has no address"')
  })
})

function staticBinding(contact: string): Binding {
  return {
    ...{ contact, callId: 'static', cseq: 0, q: 1000, expiresAtMs: Number.POSITIVE_INFINITY, flow: undefined },
    ...{ path: [], userAgent: '', instance: '', features: '', source: '' },
  }
}

test('10,000 choices are as RFC 2782 weighs them, within 2 percent', () => {
  const targets = [
    { priority: 1, weight: 10 },
    { priority: 1, weight: 30 },
    { priority: 1, weight: 60 },
    { priority: 0, weight: 0 },
  ]
  const random = sequence(12345)
  const first = new Map<number, number>()
  for (let i = 0; i < 10_000; i++) {
    const [best, second, ...others] = weightedOrder(targets, random)
    assert.equal(best?.priority, 0)
    assert.equal(others.length, 2)
    first.set(second?.weight ?? -1, (first.get(second?.weight ?? -1) ?? 0) + 1)
  }
  for (const weight of [10, 30, 60]) {
    const share = (first.get(weight) ?? 0) / 100
    assert.ok(Math.abs(share - weight) <= 2, `weight ${weight} was first in ${share} percent`)
  }
})

test('a target of weight 0 is chosen seldom, and not never', () => {
  const random = sequence(99)
  const targets = [
    { priority: 1, weight: 100 },
    { priority: 1, weight: 0 },
  ]
  let chosen = 0
  for (let i = 0; i < 10_000; i++) if (weightedOrder(targets, random)[0]?.weight === 0) chosen++
  assert.ok(chosen > 20 && chosen < 300, String(chosen))
})

/** Numbers from 0 up to 1 that are the same in every run (Lehmer's generator). */
function sequence(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

/** All orders of one to all of them. */
function* ordersOf(
  all: readonly TransportName[],
  chosen: readonly TransportName[] = [],
): Generator<readonly TransportName[]> {
  for (const one of all.filter((candidate) => !chosen.includes(candidate))) {
    yield [...chosen, one]
    yield* ordersOf(all, [...chosen, one])
  }
}
