import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Hop } from '../../sipd/message/hop.ts'
import { caller, harness, headers, kindsOf, request, requestUriOf } from './proxy-support.ts'

const overTcp: Hop = { ...caller, transport: 'TCP', port: 40_000, connection: '1.7' }
const bob = 'sip:bob@203.0.113.5'

test('a request leaves with our Via on top, one hop less to go, and all else octet for octet (RFC 3261 §16.6)', () => {
  const { receive, take } = harness()
  const body = 'v=0\r\ns=\xe9\xff\x00\x80\r\n'
  receive(
    request(
      'MESSAGE',
      bob,
      { s: 'caf\xe9', 'X-Folded': 'one,\r\n\ttwo', 'MAX-forwards': '', 'Max-Forwards': '8' },
      body,
    ),
  )
  const [out] = take()
  assert.equal(out!.text.split('\r\n')[0], `MESSAGE ${bob} SIP/2.0`)
  assert.match(headers(out!.text, 'Via')[0]!, /^SIP\/2\.0\/UDP 192\.0\.2\.1:5060;branch=z9hG4bK/)
  assert.deepEqual(headers(out!.text, 'Max-Forwards'), ['7'])
  assert.ok(out!.text.includes('X-Folded: one,\r\n\ttwo\r\n'))
  assert.ok(out!.text.includes('s: caf\xe9\r\n'))
  assert.ok(out!.text.endsWith(`\r\n\r\n${body}`))
  assert.deepEqual([out!.hop.transport, out!.hop.address, out!.hop.port], ['UDP', '203.0.113.5', 5060])
})

test('a request without Max-Forwards, as clients of RFC 2543 send it, leaves with 70 (§16.6 step 3)', () => {
  const { receive, take } = harness()
  receive(request('MESSAGE', bob, { 'Max-Forwards': '' }))
  assert.deepEqual(headers(take()[0]!.text, 'Max-Forwards'), ['70'])
})

test('Max-Forwards 0 ends in 483, for the server itself in its answer (§16.3 step 3)', () => {
  const { receive, take } = harness()
  receive(request('MESSAGE', bob, { 'Max-Forwards': '0' }))
  receive(request('OPTIONS', 'sip:example.test', { 'Max-Forwards': '0' }))
  assert.deepEqual(kindsOf(take()), ['483', '200'])
})

test('what came without Content-Length leaves with one, for a stream has no other end (§16.6 step 9, §18.3)', () => {
  const { receive, take, answer } = harness()
  receive(request('MESSAGE', `${bob};transport=tcp`, { 'Content-Length': '' }, 'hello'))
  const [out] = take()
  assert.equal(out!.hop.transport, 'TCP')
  assert.deepEqual(headers(out!.text, 'Content-Length'), ['5'])
  answer(out!, 200)
  assert.deepEqual(kindsOf(take()), ['200'])
})

test('a response without Content-Length goes up a stream with one (§18.3)', () => {
  const { receive, take } = harness()
  receive(request('MESSAGE', bob, { Via: 'SIP/2.0/TCP 198.51.100.1;branch=z9hG4bKm' }), overTcp)
  const [out] = take()
  receive(
    `SIP/2.0 200 OK\r\nVia: ${headers(out!.text, 'Via').join('\r\nVia: ')}\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@b>;tag=2\r\nCall-ID: call-1\r\nCSeq: 1 MESSAGE\r\n\r\nhello`,
    out!.hop,
  )
  const [back] = take()
  assert.equal(back!.hop.connection, '1.7')
  assert.deepEqual(headers(back!.text, 'Content-Length'), ['5'])
  assert.ok(back!.text.endsWith('\r\n\r\nhello'))
})

test('received says where a request really came from, whatever its sender wrote there (§18.2.1)', () => {
  const { receive, take } = harness()
  // As long as the true one: a comparison of lengths would not notice.
  receive(request('MESSAGE', bob, { Via: 'SIP/2.0/UDP ann.test;branch=z9hG4bKr;received=198.51.100.9' }))
  assert.match(headers(take()[0]!.text, 'Via')[1]!, /;received=198\.51\.100\.1$/)
})

test('rport is filled in with the port, and the answer goes back there (RFC 3581 §4)', () => {
  const { receive, take } = harness()
  const behindNat = { ...caller, port: 31_000 }
  receive(request('MESSAGE', bob, { Via: 'SIP/2.0/UDP 10.0.0.9:5070;rport;branch=z9hG4bKn' }), behindNat)
  assert.equal(
    headers(take()[0]!.text, 'Via')[1],
    'SIP/2.0/UDP 10.0.0.9:5070;branch=z9hG4bKn;rport=31000;received=198.51.100.1',
  )
  receive(request('OPTIONS', 'sip:example.test', { Via: 'SIP/2.0/UDP 10.0.0.9:5070;rport;branch=z9hG4bKo' }), behindNat)
  receive(request('OPTIONS', 'sip:example.test', { Via: 'SIP/2.0/UDP 10.0.0.9:5070;branch=z9hG4bKp' }), behindNat)
  assert.deepEqual(
    take().map(({ hop }) => `${hop.address}:${hop.port}`),
    ['198.51.100.1:31000', '198.51.100.1:5070'],
    'without rport it goes to the port of the Via',
  )
})

test('a maddr of a Via is obeyed where it is multicast or the sender itself, and nobody else is sent answers (§18.2.2)', () => {
  for (const [maddr, expected] of [
    ['224.0.1.75', '224.0.1.75:5070'],
    ['198.51.100.1', '198.51.100.1:5070'],
    ['198.51.100.77', '198.51.100.1:5070'],
    ['victim.example', '198.51.100.1:5070'],
  ] as const) {
    const { receive, take } = harness()
    const Via = `SIP/2.0/UDP 198.51.100.1:5070;maddr=${maddr};branch=z9hG4bKm`
    receive(request('OPTIONS', 'sip:example.test', { Via }))
    const { hop } = take()[0]!
    assert.equal(`${hop.address}:${hop.port}`, expected, maddr)
  }
})

test('an answer takes away our Via alone, also when others stand in the same line or are folded (§16.7 step 3)', () => {
  for (const joint of [', ', ' ,\r\n ', '\r\nv: ']) {
    const { receive, take } = harness()
    receive(request('MESSAGE', bob))
    const [out] = take()
    const [ours, theirs] = headers(out!.text, 'Via')
    receive(
      `SIP/2.0 200 OK\r\nv: ${ours}${joint}${theirs}\r\nf: <sip:a@b>;tag=1\r\nt: <sip:b@b>;tag=2\r\ni: call-1\r\nCSeq: 1 MESSAGE\r\nl: 0\r\n\r\n`,
      out!.hop,
    )
    const [back] = take()
    assert.ok(back, `nothing went back for ${JSON.stringify(joint)}`)
    assert.deepEqual(headers(back.text, 'v(?:ia)?'), [theirs])
  }
})

test('a request larger than 1300 octets goes by TCP, and by a datagram when nobody listens there (§18.1.1)', () => {
  const { receive, take } = harness()
  receive(request('MESSAGE', bob, {}, 'x'.repeat(1400)))
  const [first] = take()
  assert.equal(first!.hop.transport, 'TCP')
  assert.match(headers(first!.text, 'Via')[0]!, /^SIP\/2\.0\/TCP/)
  first!.fail()
  const [second] = take()
  assert.equal(second!.hop.transport, 'UDP')
  assert.match(headers(second!.text, 'Via')[0]!, /^SIP\/2\.0\/UDP/)
})

test('a large request whose caller gave up while TCP was tried does not leave as a datagram', () => {
  const { receive, take } = harness()
  receive(request('INVITE', bob, {}, 'x'.repeat(1400)))
  const [, first] = take()
  receive(request('CANCEL', bob))
  first!.fail()
  assert.deepEqual(kindsOf(take()), ['200', '487'])
})

test('a TCP peer that refuses is a 503 of its branch, and a 500 upstream at once (§16.9, §16.7 step 6)', () => {
  const { receive, take } = harness()
  receive(request('MESSAGE', `${bob};transport=tcp`))
  take()[0]!.fail()
  assert.deepEqual(kindsOf(take()), ['500'])
})

test('the Request-URI of a request to a user of ours becomes where the phone is; a strict router gets itself there (§16.6 steps 2 and 6)', () => {
  const { receive, take, bind } = harness()
  bind('bob', bob)
  receive(
    request('MESSAGE', 'sip:bob@example.test', {
      Route: '<sip:192.0.2.1;lr>, <sip:203.0.113.9>, <sip:203.0.113.10;lr>',
    }),
  )
  const [out] = take()
  assert.equal(requestUriOf(out!), 'sip:203.0.113.9')
  assert.deepEqual(headers(out!.text, 'Route'), ['<sip:203.0.113.10;lr>', `<${bob}>`])
  assert.equal(out!.hop.address, '203.0.113.9')
})

test('a strict router that put our Record-Route in the Request-URI means the last Route (§16.4)', () => {
  const { receive, take } = harness()
  receive(
    request('BYE', 'sip:192.0.2.1:5060;lr', {
      To: '<sip:bob@example.test>;tag=b',
      Route: `<sip:203.0.113.9;lr>,<${bob}>`,
    }),
  )
  const [out] = take()
  assert.equal(requestUriOf(out!), bob)
  assert.deepEqual(headers(out!.text, 'Route'), ['<sip:203.0.113.9;lr>'])
})

test('a last Route that is no SIP URI is refused, and nothing is kept of its request (§16.4)', () => {
  const { receive, take, layer } = harness()
  receive(request('INVITE', 'sip:192.0.2.1:5060;lr', { Route: '<http://example.org>' }))
  assert.deepEqual(kindsOf(take()), ['416'])
  receive(request('ACK', 'sip:192.0.2.1:5060;lr', { Route: '<http://example.org>' }))
  assert.deepEqual(kindsOf(take()), [])
  assert.equal(layer.live, 0)
})

test('each of several contacts keeps the route set that its request came with, with its own Path before it (RFC 3327 §5.4)', () => {
  const { receive, take, bind } = harness()
  bind('bob', 'sip:bob@203.0.113.5', { path: ['<sip:203.0.113.70;lr>'] })
  bind('bob', 'sip:bob@203.0.113.6')
  receive(request('INVITE', 'sip:bob@example.test', { Route: '<sip:203.0.113.9;lr>' }))
  const out = take().filter(({ text }) => text.startsWith('INVITE'))
  assert.deepEqual(
    out.map(({ text, hop }) => [requestUriOf({ text }), headers(text, 'Route').join(','), hop.address]),
    [
      ['sip:bob@203.0.113.5', '<sip:203.0.113.70;lr>,<sip:203.0.113.9;lr>', '203.0.113.70'],
      ['sip:bob@203.0.113.6', '<sip:203.0.113.9;lr>', '203.0.113.9'],
    ],
  )
})

test('maddr of ours in a Request-URI is taken away with its port and transport (§16.4)', () => {
  const { receive, take } = harness()
  receive(request('MESSAGE', 'sip:carol@203.0.113.8:5060;transport=udp;maddr=192.0.2.1;x=1'))
  const [out] = take()
  assert.equal(requestUriOf(out!), 'sip:carol@203.0.113.8;x=1')
  assert.equal(out!.hop.address, '203.0.113.8')
})

test('Record-Route names us once on one transport, and twice where the transport changes (RFC 5658)', () => {
  const { receive, take } = harness({ policy: { addRecordRoute: true } })
  receive(request('INVITE', bob))
  receive(request('INVITE', `${bob};transport=tcp`, { Via: 'SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKt' }))
  const [one, two] = take().filter(({ text }) => text.startsWith('INVITE'))
  assert.deepEqual(headers(one!.text, 'Record-Route'), ['<sip:192.0.2.1:5060;lr>'])
  assert.deepEqual(headers(two!.text, 'Record-Route'), [
    '<sip:192.0.2.1:5060;transport=tcp;lr>, <sip:192.0.2.1:5060;transport=udp;lr>',
  ])
})

test('what we put in Record-Route is taken away again where it comes back as Route, be it twice (§16.4, RFC 5658)', () => {
  const { receive, take } = harness()
  receive(
    request('BYE', bob, {
      To: '<sip:bob@example.test>;tag=b',
      Route: '<sip:192.0.2.1:5060;transport=udp;lr>, <sip:192.0.2.1:5060;transport=tcp;lr>',
    }),
  )
  const [out] = take()
  assert.deepEqual(headers(out!.text, 'Route'), [])
  assert.equal(out!.hop.address, '203.0.113.5')
})

test('Record-Route of a sips: request is a sips: URI (§16.6 step 4)', () => {
  const { receive, take } = harness({ policy: { addRecordRoute: true } })
  receive(request('INVITE', 'sips:bob@203.0.113.5', { Via: 'SIP/2.0/TLS 198.51.100.1;branch=z9hG4bKs' }), {
    ...overTcp,
    transport: 'TLS',
  })
  const out = take().find(({ text }) => text.startsWith('INVITE'))!
  assert.equal(out.hop.transport, 'TLS')
  assert.match(headers(out.text, 'Record-Route')[0]!, /^<sips:192\.0\.2\.1:5061;/)
})

test('Proxy-Require of what is not known here is 420 with its name, and IgnoreProxyRequire takes a name for known (§16.3 step 5)', () => {
  const { receive, take } = harness({ policy: { ignoredExtensions: new Set(['sec-agree']) } })
  receive(request('MESSAGE', bob, { 'Proxy-Require': 'Sec-Agree, foo' }))
  receive(request('MESSAGE', bob, { 'Proxy-Require': 'Sec-Agree', Via: 'SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKq' }))
  const [refused, forwarded] = take()
  assert.deepEqual(headers(refused!.text, 'Unsupported'), ['foo'])
  assert.deepEqual(kindsOf([refused!, forwarded!]), ['420', 'MESSAGE'])
})

test('a request that comes back unchanged is a loop, one with another Request-URI a spiral (§16.3 step 4)', () => {
  const { receive, take } = harness()
  receive(request('MESSAGE', bob))
  const [out] = take()
  const again = out!.text.replace('Via:', 'Via: SIP/2.0/UDP 203.0.113.5;branch=z9hG4bKx\r\nVia:')
  receive(again, out!.hop)
  assert.deepEqual(kindsOf(take()), ['482'])
  receive(again.replace('z9hG4bKx', 'z9hG4bKy').replace(bob, 'sip:carol@203.0.113.6'), out!.hop)
  assert.deepEqual(kindsOf(take()), ['MESSAGE'])
})

test('addresses of IPv6 are met in Via, Route, contact and sent-by, however they are written (RFC 5118)', () => {
  const listener = { transports: ['UDP', 'TCP'] as const, port: 5060, tlsPort: undefined }
  const { receive, take, answer } = harness({
    settings: {
      identity: {
        listeners: [
          { ...listener, address: '192.0.2.1', sentBy: '192.0.2.1' },
          { ...listener, address: '2001:db8::1', sentBy: '2001:db8::1' },
        ],
        domains: ['example.test'],
        addresses: ['192.0.2.1', '2001:db8::1'],
      },
    },
  })
  const phone: Hop = { ...caller, address: '2001:db8::99', port: 5070, listener: 1 }
  receive(
    request('MESSAGE', 'sip:bob@[2001:db8::5]:5080', {
      Via: 'SIP/2.0/UDP [2001:db8::99]:5070;branch=z9hG4bKv6',
      Route: '<sip:[2001:DB8:0:0:0:0:0:1]:5060;lr>',
    }),
    phone,
  )
  const [out] = take()
  assert.deepEqual(headers(out!.text, 'Route'), [])
  assert.deepEqual([out!.hop.address, out!.hop.port, out!.hop.listener], ['2001:db8::5', 5080, 1])
  assert.match(headers(out!.text, 'Via')[0]!, /^SIP\/2\.0\/UDP \[2001:db8::1\]:5060;/)
  answer(out!, 200)
  assert.deepEqual([take()[0]!.hop], [phone])
})
