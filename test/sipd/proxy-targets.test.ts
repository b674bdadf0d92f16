import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createErrorLog, type DebugFlag } from '../../sipd/log/error-log.ts'
import type { Hop } from '../../sipd/message/hop.ts'
import { caller, harness, headers, kindOf, kindsOf, request, requestUriOf } from './proxy-support.ts'

const overTls: Hop = { ...caller, transport: 'TLS', port: 40_000, connection: '1.7' }
const viaTls = { Via: 'SIP/2.0/TLS 198.51.100.1;branch=z9hG4bKtls' }

test('a sips: request goes to sips: contacts and to phones connected over TLS, never on in the clear (RFC 3261 §26.2.2)', () => {
  const { receive, take, bind } = harness()
  bind('bob', 'sip:bob@203.0.113.1')
  bind('bob', 'sips:bob@203.0.113.2')
  bind('bob', 'sip:bob@10.0.0.3;transport=tls', { flow: 'TLS/203.0.113.3/40001/0/1.9' })
  receive(request('INVITE', 'sips:bob@example.test', viaTls), overTls)
  const sent = take().filter((one) => kindOf(one) === 'INVITE')
  assert.deepEqual(
    sent.map(({ hop }) => `${hop.transport} ${hop.address}`),
    ['TLS 203.0.113.2', 'TLS 203.0.113.3'],
  )
})

test('a user whose contacts are all in the clear is 480 to a sips: request, unless AllowSipTlsConversionToSip', () => {
  for (const [allowsSipsToSip, expected] of [
    [false, ['480']],
    [true, ['100', 'INVITE']],
  ] as const) {
    const { receive, take, bind } = harness({ policy: { allowsSipsToSip } })
    bind('bob', 'sip:bob@203.0.113.1')
    receive(request('INVITE', 'sips:bob@example.test', viaTls), overTls)
    assert.deepEqual(kindsOf(take()), expected)
  }
})

test('a 3xx does not lead a sips: request to a sip: contact (§16.7 step 4)', () => {
  const { receive, take, bind, answer } = harness()
  bind('bob', 'sips:bob@203.0.113.2')
  receive(request('INVITE', 'sips:bob@example.test', viaTls), overTls)
  const [, out] = take()
  answer(out!, 302, ['Contact: <sip:carol@203.0.113.9>'])
  assert.deepEqual(kindsOf(take()), ['ACK', '302'])
})

test('a redirect server gives the contacts of its user, the best with its q (§8.3)', () => {
  const { receive, take, bind } = harness({ policy: { redirect: true } })
  bind('bob', 'sip:bob@203.0.113.1', { q: 300 })
  bind('bob', 'sip:bob@203.0.113.2')
  receive(request('INVITE', 'sip:bob@example.test'))
  const [moved] = take()
  assert.equal(kindOf(moved!), '302')
  assert.deepEqual(headers(moved!.text, 'Contact'), ['<sip:bob@203.0.113.2>', '<sip:bob@203.0.113.1>;q=0.3'])
})

test('a redirect server sends nobody back to the URI that was asked for (§21.4.5)', () => {
  for (const stateful of [true, false]) {
    const { receive, take } = harness({ policy: { redirect: true, stateful } })
    receive(request('INVITE', 'sip:carol@elsewhere.example'))
    receive(request('INVITE', 'sip:nobody@example.test', { Via: 'SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKn' }))
    assert.deepEqual(kindsOf(take()), ['404', '404'])
  }
})

test('a phone behind NAT is reached where it registered from, with its contact in the Request-URI', () => {
  const { receive, take, bind } = harness()
  bind('bob', 'sip:bob@10.0.0.9:5060', { flow: 'UDP/203.0.113.40/31000/0/' })
  receive(request('MESSAGE', 'sip:bob@example.test'))
  const [out] = take()
  assert.equal(requestUriOf(out!), 'sip:bob@10.0.0.9:5060')
  assert.deepEqual([out!.hop.address, out!.hop.port], ['203.0.113.40', 31_000])
})

test('a Path leads to the phone, and not the address that its REGISTER came from (RFC 3327 §5.4)', () => {
  const { receive, take, bind } = harness()
  bind('bob', 'sip:bob@10.0.0.9', {
    flow: 'UDP/203.0.113.40/31000/0/',
    path: ['<sip:203.0.113.70;lr>', '<sip:203.0.113.71;lr>'],
  })
  receive(request('MESSAGE', 'sip:bob@example.test'))
  const [out] = take()
  assert.deepEqual(headers(out!.text, 'Route'), ['<sip:203.0.113.70;lr>', '<sip:203.0.113.71;lr>'])
  assert.equal(out!.hop.address, '203.0.113.70')
})

test('a tel: URI and an address of ours stand for users of the first domain, and so does the domain with its dot', () => {
  for (const uri of ['tel:+1-555', 'sip:+1555@192.0.2.1', 'sip:+1555@example.test.', 'sip:%2B1555@EXAMPLE.test:5060']) {
    const { receive, take, bind } = harness()
    bind('+1555', 'sip:x@203.0.113.1')
    receive(request('MESSAGE', uri))
    assert.deepEqual(kindsOf(take()), ['MESSAGE'], uri)
  }
})

test('each DebugFlag tells of its part, and of no other', () => {
  const seen = (flags: readonly DebugFlag[]): Set<string> => {
    const parts = new Set<string>()
    const write = (line: string): void => void parts.add(/sipd\.(\w+):/.exec(line)?.[1] ?? line)
    const { debug } = createErrorLog({ component: 'sipd', level: 'emerg', flags: new Set(flags), write })
    const { receive, take, answer } = harness({ debug })
    receive(request('REGISTER', 'sip:example.test', { Contact: '<sip:bob@203.0.113.1>', To: '<sip:bob@example.test>' }))
    receive(request('INVITE', 'sip:bob@example.test'))
    answer(take().at(-1)!, 200)
    return parts
  }
  for (const flag of ['StateMachine', 'Parser', 'Registry', 'Routing'] as const)
    assert.deepEqual(seen([flag]), new Set([flag]))
  assert.deepEqual(seen([]), new Set())
})
