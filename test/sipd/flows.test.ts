import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Hop } from '../../sipd/message/hop.ts'
import { type Harness, harness, headers, kindsOf, request, requestUriOf, type Sent } from './proxy-support.ts'

/** A phone: the hop that its requests come by, and what it writes into them. */
interface Phone {
  readonly user: string
  readonly hop: Hop
  readonly via: string
  readonly contact: string
}

const udp = (address: string, port: number): Hop => ({
  transport: 'UDP',
  address,
  port,
  listener: 0,
  connection: undefined,
})
const stream = (transport: 'TCP' | 'TLS', address: string, port: number, connection: string): Hop => ({
  ...udp(address, port),
  transport,
  connection,
})

/** Pairs of a caller and a callee, each of which has to be reached by its flow. */
const pairs: Readonly<Record<string, readonly [Phone, Phone]>> = {
  'over TLS, with the far end of their own connection in Contact': [
    {
      user: 'ann',
      hop: stream('TLS', '198.51.100.1', 41000, '1.1'),
      via: 'TLS 198.51.100.1:41000',
      contact: 'sip:ann@198.51.100.1:41000;transport=tls',
    },
    {
      user: 'bob',
      hop: stream('TLS', '198.51.100.2', 42000, '1.2'),
      via: 'TLS 198.51.100.2:42000',
      contact: 'sip:bob@198.51.100.2:42000;transport=tls',
    },
  ],
  'over TCP, with the port that they listen on in Contact': [
    {
      user: 'ann',
      hop: stream('TCP', '198.51.100.1', 41000, '1.1'),
      via: 'TCP 198.51.100.1:5060',
      contact: 'sip:ann@198.51.100.1:5060;transport=tcp',
    },
    {
      user: 'bob',
      hop: stream('TCP', '198.51.100.2', 42000, '1.2'),
      via: 'TCP 198.51.100.2:5060',
      contact: 'sip:bob@198.51.100.2:5060;transport=tcp',
    },
  ],
  'behind NAT, with private addresses everywhere': [
    { user: 'ann', hop: udp('198.51.100.1', 31000), via: 'UDP 10.0.0.1:5060', contact: 'sip:ann@10.0.0.1:5060' },
    { user: 'bob', hop: udp('198.51.100.2', 32000), via: 'UDP 10.0.0.1:5060', contact: 'sip:bob@10.0.0.1:5060' },
  ],
  'behind NAT, with a name in Via, and another private address than in Contact': [
    { user: 'ann', hop: udp('198.51.100.1', 31000), via: 'UDP phone.local:5060', contact: 'sip:ann@10.0.0.1:5060' },
    { user: 'bob', hop: udp('198.51.100.2', 32000), via: 'UDP 172.17.0.9:5060', contact: 'sip:bob@192.168.1.4:5060' },
  ],
  'in a browser, with .invalid in Contact, and behind a NAT that rewrites the port alone': [
    { user: 'ann', hop: udp('198.51.100.1', 31000), via: 'UDP 198.51.100.1:31000', contact: 'sip:ann@x.invalid' },
    {
      user: 'bob',
      hop: udp('198.51.100.2', 32000),
      via: 'UDP 198.51.100.2:5060;rport',
      contact: 'sip:bob@198.51.100.2:5060',
    },
  ],
  'where the address in Contact is the one that sipd listens on': [
    { user: 'ann', hop: udp('198.51.100.1', 31000), via: 'UDP 192.0.2.1:5060', contact: 'sip:ann@192.0.2.1:5060' },
    { user: 'bob', hop: udp('198.51.100.2', 32000), via: 'UDP 10.0.0.9:5060', contact: 'sip:bob@192.0.2.1' },
  ],
}

let branches = 0
const viaOf = ({ via }: Phone): string => `SIP/2.0/${via};branch=z9hG4bKflow${branches++}`

function register(proxy: Harness, phone: Phone, more: Readonly<Record<string, string>> = {}): void {
  const To = `<sip:${phone.user}@example.test>`
  const common = { To, Via: viaOf(phone), Contact: `<${phone.contact}>`, 'Call-ID': `r${branches}`, ...more }
  proxy.receive(request('REGISTER', 'sip:example.test', common), phone.hop)
  assert.deepEqual(kindsOf(proxy.take()), ['200'])
}

const isRequest = (one: Sent): boolean => !one.text.startsWith('SIP/2.0')

/** What is sent on of an INVITE of the caller's. */
function invite(proxy: Harness, caller: Phone, callee: Phone): Sent {
  const Contact = `<${caller.contact}>`
  proxy.receive(request('INVITE', `sip:${callee.user}@example.test`, { Via: viaOf(caller), Contact }), caller.hop)
  return proxy.take().find(isRequest) ?? assert.fail('the INVITE goes nowhere')
}

/** An established dialog: the Record-Route of its INVITE, and requests of either side. */
function dialog(proxy: Harness, caller: Phone, callee: Phone) {
  const sent = invite(proxy, caller, callee)
  assert.deepEqual([sent.hop.address, sent.hop.port], [callee.hop.address, callee.hop.port])
  const recorded = headers(sent.text, 'Record-Route').flatMap((value) => value.split(', '))
  proxy.answer(sent, 200, [`Contact: <${callee.contact}>`])
  proxy.take()
  const [ann, bob] = ['<sip:ann@example.test>;tag=ann', '<sip:bob@example.test>;tag=callee']
  return {
    recorded,
    byCaller: (method: string, more: Readonly<Record<string, string>> = {}): Sent[] => {
      const common = { Via: viaOf(caller), From: ann, To: bob, Route: [...recorded].reverse().join(', ') }
      proxy.receive(request(method, callee.contact, { ...common, ...more }), caller.hop)
      return proxy.take()
    },
    byCallee: (method: string): Sent[] => {
      const common = { Via: viaOf(callee), From: bob, To: ann, Route: recorded.join(', ') }
      proxy.receive(request(method, caller.contact, common), callee.hop)
      return proxy.take()
    },
  }
}

/** That this alone left, with its Request-URI as it came and without Routes, by the flow of the phone. */
function goesTo({ hop, contact }: Phone, sent: readonly Sent[], method: string): void {
  const left = sent.filter((one) => !/^SIP\/2\.0 100/.test(one.text))
  assert.deepEqual(kindsOf(left), [method], left.map(({ text }) => text).join())
  const [one] = left
  assert.ok(one)
  assert.equal(requestUriOf(one), contact)
  assert.deepEqual(headers(one.text, 'Route'), [])
  const { transport, address, port, connection } = one.hop
  assert.deepEqual({ transport, address, port, connection }, pick(hop))
}

function pick({ transport, address, port, connection }: Hop) {
  return { transport, address, port, connection }
}

for (const isExposed of [true, false])
  for (const addRecordRoute of [true, false])
    for (const [what, [ann, bob]] of Object.entries(pairs))
      test(`phones ${what}: every request of a dialog goes over the flow of the one it is for, ${isExposed ? 'on a listener that others reach' : 'on loopback'}, AddRecordRoute ${addRecordRoute ? 'On' : 'Off'}`, () => {
        const relay = { exposed: [isExposed], allowed: [], allowsRegistered: false }
        const proxy = harness({ policy: { addRecordRoute }, settings: { relay } })
        register(proxy, bob)
        const { byCaller, byCallee } = dialog(proxy, ann, bob)
        goesTo(bob, byCaller('ACK'), 'ACK')
        goesTo(ann, byCallee('INVITE'), 'INVITE')
        goesTo(ann, byCallee('ACK'), 'ACK')
        goesTo(bob, byCaller('REFER'), 'REFER')
        goesTo(ann, byCallee('NOTIFY'), 'NOTIFY')
        goesTo(bob, byCaller('BYE'), 'BYE')
        goesTo(ann, byCallee('BYE'), 'BYE')
      })

const [ann, bob] = pairs['over TLS, with the far end of their own connection in Contact'] ?? assert.fail()
const relay = { exposed: [true], allowed: [], allowsRegistered: false }
const policy = { addRecordRoute: true }

/** A proxy where the connections named here are closed. */
function withClosed(closed: Set<string>, signerSecret = Buffer.alloc(32, 7)): Harness {
  const isConnectionOpen = (connection: string): boolean => !closed.has(connection)
  return harness({ policy, settings: { relay }, isConnectionOpen, signerSecret })
}

describe('a flow token', () => {
  test('is that of the next generation of workers too, and of no sipd with another key', () => {
    const proxy = withClosed(new Set())
    register(proxy, bob)
    const { recorded } = dialog(proxy, ann, bob)
    const Route = [...recorded].reverse().join(', ')
    const bye = { Via: viaOf(ann), To: '<sip:bob@example.test>;tag=callee', Route }
    const later = withClosed(new Set())
    later.receive(request('BYE', bob.contact, bye), ann.hop)
    goesTo(bob, later.take(), 'BYE')
    const stranger = withClosed(new Set(), Buffer.alloc(32, 8))
    stranger.receive(request('BYE', bob.contact, bye), ann.hop)
    assert.deepEqual(kindsOf(stranger.take()), ['403'])
  })

  test('is worth nothing in another call, with another tag, or when it was changed', () => {
    const proxy = withClosed(new Set())
    register(proxy, bob)
    const { byCaller, recorded } = dialog(proxy, ann, bob)
    const changed = recorded.map((route) => route.replace(/^<sip:(.)/, (_, one) => `<sip:${one === 'A' ? 'B' : 'A'}`))
    for (const more of [
      { 'Call-ID': 'call-2' },
      { From: '<sip:ann@example.test>;tag=other' },
      { To: '<sip:bob@example.test>' },
      { Route: changed.reverse().join(', ') },
    ]) {
      // Bob's own registration is another way to him.
      proxy.store.replace('sip:bob@example.test', [])
      assert.deepEqual(kindsOf(byCaller('BYE', more)), ['403'], JSON.stringify(more))
    }
  })

  test('that a strict router put into the Request-URI counts like one in Route (RFC 3261 §16.4)', () => {
    const proxy = withClosed(new Set())
    register(proxy, bob)
    const { recorded } = dialog(proxy, ann, bob)
    const [down = '', up = ''] = recorded
    const uriOf = (route: string): string => route.slice(1, -1)
    const Route = `${down}, <${bob.contact}>`
    proxy.receive(
      request('BYE', uriOf(up), { Via: viaOf(ann), To: '<sip:bob@example.test>;tag=callee', Route }),
      ann.hop,
    )
    goesTo(bob, proxy.take(), 'BYE')
  })

  test('is none where a proxy sent the request: that one is in the path itself, or its user agent is reached without it', () => {
    const proxy = withClosed(new Set())
    proxy.bind('bob', 'sip:bob@203.0.113.5')
    const Via = `${viaOf(ann)}\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKfar`
    proxy.receive(request('INVITE', 'sip:bob@example.test', { Via, Contact: '<sip:ann@10.0.0.1>' }), ann.hop)
    const sent = proxy.take().find(isRequest)
    assert.doesNotMatch(headers(sent?.text ?? '', 'Record-Route').join(), /@/)
  })
})

describe('a flow that is gone', () => {
  test('is 430 where the phone asked for outbound, and where its contact is the far end of it (RFC 5626 §5.3.1)', () => {
    for (const contact of [bob.contact, 'sip:bob@198.51.100.2:5061;transport=tls;ob']) {
      const closed = new Set<string>()
      const proxy = withClosed(closed)
      const phone = { ...bob, contact }
      register(proxy, phone)
      const { byCaller } = dialog(proxy, ann, phone)
      closed.add('1.2')
      assert.deepEqual(kindsOf(byCaller('BYE')), ['430'])
      assert.deepEqual(byCaller('ACK'), [])
    }
  })

  test('of a phone that listens is replaced by its contact, at the address of the flow and nowhere else', () => {
    const [, phone] = pairs['over TCP, with the port that they listen on in Contact'] ?? assert.fail()
    for (const [contact, expected] of [
      ['sip:bob@198.51.100.2:5060;transport=tcp', ['BYE 198.51.100.2:5060']],
      ['sip:bob@203.0.113.200:5060;transport=tcp', ['403 198.51.100.1:41000']],
    ] as const) {
      const closed = new Set<string>()
      const proxy = withClosed(closed)
      register(proxy, phone)
      const { byCaller } = dialog(proxy, ann, { ...phone, contact })
      closed.add('1.2')
      proxy.store.replace('sip:bob@example.test', [])
      const left = byCaller('BYE')
      assert.deepEqual(
        left.map((one) => `${kindsOf([one])[0]} ${one.hop.address}:${one.hop.port}`),
        expected,
      )
    }
  })

  test('is replaced by the one that the phone registered over since', () => {
    const closed = new Set<string>()
    const proxy = withClosed(closed)
    register(proxy, bob)
    const { byCaller } = dialog(proxy, ann, bob)
    closed.add('1.2')
    proxy.store.replace('sip:bob@example.test', [])
    const again: Phone = {
      ...bob,
      hop: stream('TLS', '198.51.100.2', 43000, '2.7'),
      contact: 'sip:bob@198.51.100.2:43000;transport=tls',
    }
    register(proxy, again)
    goesTo({ ...again, contact: bob.contact }, byCaller('BYE'), 'BYE')
  })

  test('over UDP is the one of the last registration: NAT gave the phone another port', () => {
    const [caller, phone] = pairs['behind NAT, with private addresses everywhere'] ?? assert.fail()
    const proxy = withClosed(new Set())
    register(proxy, phone)
    const { byCaller } = dialog(proxy, caller, phone)
    const moved = { ...phone, hop: udp('198.51.100.2', 33000) }
    register(proxy, moved)
    goesTo(moved, byCaller('BYE'), 'BYE')
  })
})

describe('a registration at another registrar', () => {
  const allowing = { ...relay, allowed: ['198.51.100.0/24', '203.0.113.0/24'] }
  const registrar = udp('203.0.113.9', 5060)

  function registerElsewhere(proxy: Harness, Supported: string): string[] {
    proxy.receive(
      request('REGISTER', 'sip:203.0.113.9', {
        Via: viaOf(bob),
        To: '<sip:bob@elsewhere.example>',
        Contact: `<${bob.contact};ob>;+sip.instance="<urn:uuid:1>";reg-id=1`,
        Supported,
      }),
      bob.hop,
    )
    const sent = proxy.take().find(isRequest) ?? assert.fail('the REGISTER goes nowhere')
    return headers(sent.text, 'Path')
  }

  test('gets our Path with the flow and ob, where the phone says that it knows Path (RFC 5626 §5.1)', () => {
    const proxy = harness({ settings: { relay: allowing } })
    assert.deepEqual(registerElsewhere(proxy, 'outbound'), [])
    const [path, ...others] = registerElsewhere(proxy, 'path, outbound')
    assert.deepEqual(others, [])
    assert.match(path ?? '', /^<sip:[\w-]+\.[\w-]{16}@192\.0\.2\.1:5061;transport=tls;lr;ob>$/)
  })

  test('is called over that flow, by its Path, in the dialog too; 430 when it is gone', () => {
    const closed = new Set<string>()
    const proxy = harness({
      settings: { relay: { ...relay, allowed: ['198.51.100.0/24'] } },
      isConnectionOpen: (connection) => !closed.has(connection),
    })
    const [Route = ''] = registerElsewhere(proxy, 'path, outbound')
    const call = (n: number) =>
      request('INVITE', bob.contact, {
        Via: `SIP/2.0/UDP 203.0.113.9:5060;branch=z9hG4bKpath${n}\r\nVia: SIP/2.0/UDP 203.0.113.77:5060;branch=z9hG4bKfar`,
        To: '<sip:bob@elsewhere.example>',
        Route,
        Contact: '<sip:ann@203.0.113.77>',
      })
    proxy.receive(call(1), registrar)
    const sent = proxy.take().find(isRequest) ?? assert.fail('the INVITE goes nowhere')
    goesTo(bob, [sent], 'INVITE')
    assert.match(headers(sent.text, 'Record-Route').join(), /<sip:[\w-]+\.[\w-]{16}@192\.0\.2\.1:5061;transport=tls;lr/)
    closed.add('1.2')
    proxy.receive(call(2), registrar)
    assert.deepEqual(kindsOf(proxy.take()), ['430'])
  })

  test('does not lead what the phone itself sends by its Path back to it (§5.3.2)', () => {
    const proxy = harness({ settings: { relay: allowing } })
    const [Route = ''] = registerElsewhere(proxy, 'path, outbound')
    proxy.receive(request('MESSAGE', 'sip:carol@203.0.113.9', { Via: viaOf(bob), Route }), bob.hop)
    const [sent] = proxy.take()
    assert.deepEqual([sent?.hop.address, sent?.hop.connection], ['203.0.113.9', undefined])
  })
})

describe('a phone with several flows', () => {
  const Supported = 'path, outbound'
  const flowOf = (n: number): Phone => ({
    ...bob,
    hop: stream('TLS', '198.51.100.2', 42000 + n, `1.${n}`),
    contact: `sip:bob@10.0.0.2;transport=tls;ob`,
  })

  /** With flows 1, 2 and 3, of which the last is the newest; those named are closed. */
  function registered(...closed: readonly string[]): Harness {
    const proxy = withClosed(new Set(closed))
    for (const n of [1, 2, 3]) {
      const phone = flowOf(n)
      proxy.clock.advance(1000)
      register(
        proxy,
        { ...phone, contact: `sip:bob@10.0.0.2:${5060 + n};transport=tls;ob` },
        {
          Supported,
          Contact: `<sip:bob@10.0.0.2:${5060 + n};transport=tls;ob>;+sip.instance="<urn:uuid:1>";reg-id=${n}`,
        },
      )
    }
    return proxy
  }

  const connections = (sent: readonly Sent[]): (string | undefined)[] =>
    sent
      .filter(isRequest)
      .filter(({ text }) => !text.startsWith('ACK'))
      .map(({ hop }) => hop.connection)

  test('is called over one of them, the newest, and over the next one after 430 or when it breaks (RFC 5626 §7)', () => {
    const proxy = registered()
    const sent = invite(proxy, ann, bob)
    assert.equal(sent.hop.connection, '1.3')
    assert.deepEqual(proxy.take(), [])
    proxy.answer(sent, 430)
    const [second] = proxy.take().filter(({ text }) => text.startsWith('INVITE'))
    assert.equal(second?.hop.connection, '1.2')
    second?.fail()
    assert.deepEqual(connections(proxy.take()), ['1.1'])
  })

  test('has answered when it says anything else', () => {
    for (const status of [486, 503]) {
      const proxy = registered()
      proxy.answer(invite(proxy, ann, bob), status)
      assert.deepEqual(connections(proxy.take()), [])
    }
  })

  test('is not tried over those that are known to be gone, nor where its contact leads; 480 when all are', () => {
    assert.equal(invite(registered('1.3'), ann, bob).hop.connection, '1.2')
    const proxy = registered('1.1', '1.2', '1.3')
    proxy.receive(request('INVITE', 'sip:bob@example.test', { Via: viaOf(ann) }), ann.hop)
    assert.deepEqual(kindsOf(proxy.take()), ['480'])
  })
})
