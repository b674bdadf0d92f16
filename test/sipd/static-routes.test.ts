import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Hop } from '../../sipd/message/hop.ts'
import { type Route, readRoute } from '../../sipd/routes/route.ts'
import { RouteTable } from '../../sipd/routes/route-table.ts'
import { Router, type RouterSettings, routerOff } from '../../sipd/routes/router.ts'
import type { TestServerOptions } from '../support/sip-server.ts'
import { type Harness, harness, headers, kindsOf, request, requestUriOf, type Sent } from './proxy-support.ts'

const [gateway, spare, last] = ['203.0.113.71', '203.0.113.72', '203.0.113.73']

function route(pattern: string, nextHop: string, more: Partial<Route> = {}): Route {
  const block = more.isBlocked ? 'On' : 'Off'
  const read = readRoute({ destination_pattern: pattern, next_hop: nextHop, type: more.type ?? 'phone', block })
  assert.ok('route' in read, pattern)
  return { ...read.route, nextHopPort: 5070, ...more }
}

function proxyWith(
  routes: readonly Route[],
  settings: Partial<RouterSettings> = {},
  options: Omit<TestServerOptions, 'send'> = {},
): Harness {
  const router = new Router({ ...routerOff, isOn: true, ...settings })
  router.table = new RouteTable(routes)
  return harness({ ...options, router })
}

/** As where other machines reach sipd. */
const exposed = { settings: { relay: { exposed: [true], allowed: ['198.51.100.0/28'], allowsRegistered: false } } }
const stranger: Hop = { transport: 'UDP', address: '203.0.113.200', port: 5060, listener: 0, connection: undefined }

function placesOf(sent: readonly Sent[]): string[] {
  return sent.filter(({ text }) => !text.startsWith('SIP/2.0')).map(({ hop }) => `${hop.address}:${hop.port}`)
}

let asked = 0

/** What a request of its own is answered with, or that it goes on. */
function statusOf(proxy: Harness, uri: string, from?: Hop): string[] {
  proxy.receive(request('MESSAGE', uri, { Via: `SIP/2.0/UDP 198.51.100.1;branch=z9hG4bK${asked++}` }), from)
  return kindsOf(proxy.take())
}

describe('a number of ours that nobody registered', () => {
  test('goes to the next hop of its route, and the Request-URI stays as it is', () => {
    const proxy = proxyWith([route('+1408......', spare), route('+1408*', gateway)])
    proxy.receive(request('MESSAGE', 'sip:+1-408-555-0122@example.test'))
    const sent = proxy.take()
    assert.deepEqual(
      [placesOf(sent), sent.map(requestUriOf)],
      [[`${gateway}:5070`], ['sip:+1-408-555-0122@example.test']],
    )
  })

  test('goes to the transport that the route names', () => {
    const proxy = proxyWith([route('1*', gateway, { transport: 'TCP' })])
    proxy.receive(request('MESSAGE', 'sip:123@example.test'))
    assert.equal(proxy.take()[0]?.hop.transport, 'TCP')
  })

  test('is not found without a route, with routes that are out of service, or with Cisco_Routing off', () => {
    assert.deepEqual(statusOf(proxyWith([route('9*', gateway)]), 'sip:123@example.test'), ['404'])
    assert.deepEqual(statusOf(proxyWith([route('1*', gateway, { isInService: false })]), 'sip:123@example.test'), [
      '404',
    ])
    assert.deepEqual(statusOf(proxyWith([route('1*', gateway)], { isOn: false }), 'sip:123@example.test'), ['404'])
    assert.deepEqual(statusOf(proxyWith([route('*', gateway)]), 'sip:bob@example.test'), ['404'])
  })

  test('is 480 without a route when it is a user that is known', () => {
    const knowsUser = ({ uri }: { uri: { user: string | undefined } }): boolean => uri.user === '123'
    const proxy = proxyWith([route('9*', gateway)], {}, { more: { knowsUser } })
    assert.deepEqual(statusOf(proxy, 'sip:123@example.test'), ['480'])
    assert.deepEqual(statusOf(proxy, 'sip:124@example.test'), ['404'])
    assert.deepEqual(statusOf(proxy, 'sip:911@example.test'), ['MESSAGE'])
  })

  test('is refused where its route blocks', () => {
    const proxy = proxyWith([route('1900*', '', { isBlocked: true }), route('1*', gateway)])
    assert.deepEqual(statusOf(proxy, 'sip:1900123@example.test'), ['403'])
    assert.deepEqual(statusOf(proxy, 'tel:1800123'), ['MESSAGE'])
  })

  test('is reached where the phone is when it is registered', () => {
    const proxy = proxyWith([route('1*', gateway)])
    proxy.bind('123', 'sip:123@203.0.113.5')
    proxy.receive(request('MESSAGE', 'sip:123@example.test'))
    assert.deepEqual(placesOf(proxy.take()), ['203.0.113.5:5060'])
  })

  test('is no way for strangers to leave, and one for those of AllowRelay', () => {
    const proxy = proxyWith([route('1*', gateway)], {}, exposed)
    assert.deepEqual(statusOf(proxy, 'sip:123@example.test', stranger), ['403'])
    assert.deepEqual(statusOf(proxy, 'sip:223@example.test', stranger), ['404'])
    assert.deepEqual(statusOf(proxy, 'sip:123@example.test'), ['MESSAGE'])
    proxy.bind('223', 'sip:223@203.0.113.5')
    assert.deepEqual(statusOf(proxy, 'sip:223@example.test', stranger), ['MESSAGE'], 'users of ours are for everybody')
  })

  test('loses its technology prefix where the route strips it', () => {
    for (const [action, uri] of [
      ['Strip', 'sip:14085550122@example.test'],
      ['Include', 'sip:001%2314085550122@example.test'],
    ] as const) {
      const proxy = proxyWith([route('1408*', gateway, { techPrefixAction: action })])
      proxy.receive(request('MESSAGE', 'sip:001#14085550122@example.test'))
      assert.deepEqual(proxy.take().map(requestUriOf), [uri])
    }
  })

  test('takes a route of TLS alone when the request is a sips: one', () => {
    const routes = [route('1*', gateway, { transport: 'UDP' }), route('1*', spare, { transport: 'TLS' })]
    const proxy = proxyWith(routes)
    proxy.receive(request('MESSAGE', 'sips:123@example.test'))
    const [sent] = proxy.take()
    assert.deepEqual([sent?.hop.address, sent?.hop.transport], [spare, 'TLS'])
    assert.deepEqual(statusOf(proxyWith(routes.slice(0, 1)), 'sips:123@example.test'), ['404'])
  })
})

describe('of several routes', () => {
  const routes = [route('1408555*', gateway), route('1408555*', spare, { priority: 1 }), route('1*', last)]
  const invite = request('INVITE', 'sip:14085550122@example.test')
  const tried = (proxy: Harness): string[] => placesOf(proxy.take())

  test('those of the pattern are tried by priority after a 5xx, and the search ends there', () => {
    const proxy = proxyWith(routes)
    proxy.receive(invite)
    const [, first] = proxy.take()
    assert.equal(first?.hop.address, gateway)
    proxy.answer(first, 500)
    const [, second] = proxy.take()
    assert.equal(second?.hop.address, spare)
    proxy.answer(second, 503)
    assert.deepEqual(kindsOf(proxy.take()).at(-1), '500')
  })

  test('less specific ones are tried where sipd.conf lets them, and the caller hears the one answer that counts', () => {
    const proxy = proxyWith(routes, { searchesLessSpecific: true })
    proxy.receive(invite)
    for (const place of [gateway, spare]) {
      const sent = proxy.take().find(({ text }) => text.startsWith('INVITE'))
      assert.equal(sent?.hop.address, place)
      proxy.answer(sent, 503)
    }
    const third = proxy.take().find(({ text }) => text.startsWith('INVITE'))
    assert.equal(third?.hop.address, last)
    proxy.answer(third, 486)
    assert.deepEqual(kindsOf(proxy.take()), ['ACK', '486'])
  })

  test('a route that allows no less specific one ends the search', () => {
    const strict = routes.map((one, i) => (i === 1 ? { ...one, allowsLessSpecific: false } : one))
    const proxy = proxyWith(strict, { searchesLessSpecific: true })
    proxy.receive(invite)
    for (const place of [gateway, spare]) {
      const sent = proxy.take().find(({ text }) => text.startsWith('INVITE'))
      assert.equal(sent?.hop.address, place)
      proxy.answer(sent, 500)
    }
    assert.deepEqual(kindsOf(proxy.take()), ['ACK', '500'])
  })

  test('a next hop that gives no final response leads to the next, any other answer does not', () => {
    const proxy = proxyWith(routes)
    proxy.receive(request('MESSAGE', 'sip:14085550122@example.test'))
    assert.deepEqual(tried(proxy), [`${gateway}:5070`])
    proxy.clock.advance(32_000)
    assert.ok(tried(proxy).includes(`${spare}:5070`))
    const other = proxyWith(routes)
    other.receive(invite)
    const [, sent] = other.take()
    assert.ok(sent)
    other.answer(sent, 404)
    assert.deepEqual(kindsOf(other.take()), ['ACK', '404'])
  })

  test('none is tried any more for a caller who gave up', () => {
    const proxy = proxyWith(routes)
    proxy.receive(invite)
    const [, sent] = proxy.take()
    assert.ok(sent)
    proxy.answer(sent, 180)
    proxy.receive(request('CANCEL', 'sip:14085550122@example.test'))
    proxy.answer(sent, 503)
    assert.ok(!tried(proxy).includes(`${spare}:5070`))
  })
})

describe('a request to another domain', () => {
  const routes = [route('ibm.com', gateway, { type: 'ip' }), route('us.ibm.com', spare, { type: 'ip' })]
  const lookup = async (): Promise<string[]> => [last]

  test('goes by the longest suffix of its host where domain routing is on', () => {
    const proxy = proxyWith(routes, { usesDomains: true })
    for (const [uri, place] of [
      ['sip:user@us.ibm.com', spare],
      ['sip:user@bldg1.us.ibm.com', spare],
      ['sip:user@fr.ibm.com', gateway],
    ] as const) {
      proxy.receive(request('MESSAGE', uri, { Via: `SIP/2.0/UDP 198.51.100.1;branch=z9hG4bK${uri.length}${place}` }))
      assert.deepEqual(placesOf(proxy.take()), [`${place}:5070`])
    }
  })

  test('goes to its own host where it is off, where no route matches, and where the host is an address', async () => {
    const off = proxyWith(routes, {}, { lookup })
    off.receive(request('MESSAGE', 'sip:user@us.ibm.com'))
    const on = proxyWith([...routes, route('*', gateway, { type: 'ip' })], { usesDomains: true }, { lookup })
    on.receive(request('MESSAGE', `sip:user@${last}`))
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual([placesOf(off.take()), placesOf(on.take())], [[`${last}:5060`], [`${last}:5060`]])
  })

  test('is as closed to strangers as it is without routes', () => {
    const proxy = proxyWith(routes, { usesDomains: true }, exposed)
    assert.deepEqual(statusOf(proxy, 'sip:user@us.ibm.com', stranger), ['403'])
  })
})

test('what a dialog sends goes where its Route leads, not by a static route', () => {
  const proxy = proxyWith([route('1*', gateway)])
  const inDialog = { To: '<sip:123@example.test>;tag=b', CSeq: '2 BYE' }
  proxy.receive(request('BYE', 'sip:123@example.test', { ...inDialog, Route: '<sip:192.0.2.1;lr>' }))
  assert.deepEqual(kindsOf(proxy.take()), ['404'])
  proxy.receive(request('MESSAGE', 'sip:123@example.test', { Route: '<sip:192.0.2.1;lr>, <sip:203.0.113.9;lr>' }))
  assert.deepEqual(placesOf(proxy.take()), ['203.0.113.9:5060'])
  proxy.receive(request('OPTIONS', 'sip:123@example.test', { Route: '<sip:192.0.2.1;lr>' }))
  assert.deepEqual(
    placesOf(proxy.take()),
    [`${gateway}:5070`],
    'a phone that knows its proxy begins a call in this way',
  )
})

test('a contact of a 3xx that names a number of ours goes by a route', () => {
  const proxy = proxyWith([route('1*', gateway)])
  proxy.bind('bob', 'sip:bob@203.0.113.5')
  proxy.receive(request('INVITE', 'sip:bob@example.test'))
  const [, sent] = proxy.take()
  assert.ok(sent)
  proxy.answer(sent, 302, ['Contact: <sip:123@example.test>'])
  const [, redirected] = proxy.take()
  assert.deepEqual([redirected?.hop.address, redirected && requestUriOf(redirected)], [gateway, 'sip:123@example.test'])
})

test('a contact of sipd.conf may lead to a route, one that somebody registered may not', () => {
  const proxy = proxyWith([route('1*', gateway)], {}, exposed)
  proxy.bind('ann', 'sip:123@example.test')
  assert.deepEqual(statusOf(proxy, 'sip:ann@example.test'), ['480'])
})

test('a redirect server names the next hops of a route, the best first', () => {
  const proxy = proxyWith(
    [route('1*', gateway), route('1*', spare, { priority: 1, transport: 'TCP' })],
    {},
    { policy: { redirect: true, redirectsToNextHops: true } },
  )
  proxy.receive(request('INVITE', 'sip:123@example.test'))
  const [answer] = proxy.take()
  assert.deepEqual(headers(answer?.text ?? '', 'Contact'), [
    `<sip:123@${gateway}:5070>`,
    `<sip:123@${spare}:5070;transport=tcp>;q=0.95`,
  ])
})

describe('companies with overlapping numbers (the example of the manual)', () => {
  const options = { domains: ['proxy.example', 'companya.com', 'companyb.com'] }
  const register = (proxy: Harness, user: string, place: string): void => {
    const domain = user.split('@')[1] ?? ''
    proxy.receive(
      request('REGISTER', `sip:${domain}`, {
        To: `<sip:${user}>`,
        Contact: `<sip:phone@${place}>`,
        'Call-ID': user,
        Via: `SIP/2.0/UDP 198.51.100.1;branch=z9hG4bK${place}`,
      }),
    )
    assert.deepEqual(kindsOf(proxy.take()), ['200'])
  }
  const proxy = proxyWith([route('+1818*', gateway), route('+1408666....', spare)], {}, options)
  register(proxy, '2000@companya.com', '203.0.113.11')
  register(proxy, '2000@companyb.com', '203.0.113.12')
  register(proxy, '+14085558000@companya.com', '203.0.113.13')
  register(proxy, '+14086668000@companyb.com', '203.0.113.14')

  for (const [uri, place] of [
    ['2000@companya.com', '203.0.113.11:5060'],
    ['2000@companyb.com', '203.0.113.12:5060'],
    ['+14085558000@companya.com', '203.0.113.13:5060'],
    ['+14085558000@companyb.com', '203.0.113.13:5060'],
    ['+14086668000@companya.com', '203.0.113.14:5060'],
    ['+14086668000@proxy.example', '203.0.113.14:5060'],
    ['+14086668999@companya.com', `${spare}:5070`],
    ['+18183635839@companya.com', `${gateway}:5070`],
    ['+18183635839@companyb.com', `${gateway}:5070`],
  ] as const)
    test(`sip:${uri} goes to ${place}`, () => {
      proxy.receive(request('MESSAGE', `sip:${uri}`, { Via: `SIP/2.0/UDP 198.51.100.1;branch=z9hG4bK${uri}` }))
      assert.deepEqual(placesOf(proxy.take()), [place])
    })

  test('the registry has one entry for an E.164 number, and one each for the others', () => {
    assert.deepEqual([...proxy.store.all()].map(([name]) => name).toSorted(), [
      'sip:+14085558000@proxy.example',
      'sip:+14086668000@proxy.example',
      'sip:2000@companya.com',
      'sip:2000@companyb.com',
    ])
  })
})
