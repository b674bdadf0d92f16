import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Hop } from '../../sipd/message/hop.ts'
import { caller, harness, headers, kindsOf, request } from './proxy-support.ts'

const stateless = { policy: { stateful: false } } as const
const bob = 'sip:bob@203.0.113.5'
const branchOf = (text: string): string => /branch=([^;,\r]+)/.exec(headers(text, 'Via')[0]!)![1]!

test('a stateless proxy forwards and remembers nothing, a retransmission with the same branch (§16.11)', () => {
  const { receive, take, layer, held } = harness(stateless)
  receive(request('INVITE', bob))
  receive(request('INVITE', bob))
  const [one, two] = take()
  assert.equal(one!.text, two!.text)
  assert.deepEqual([layer.live, held.size], [0, 0])
})

test('ACK and CANCEL of an INVITE leave a stateless proxy with its branch, or they would belong to nothing downstream (§16.11)', () => {
  const { receive, take } = harness({ policy: { stateful: false, ignoredExtensions: new Set(['foo']) } })
  receive(request('INVITE', bob, { 'Proxy-Require': 'foo' }))
  receive(request('CANCEL', bob))
  receive(request('ACK', bob, { To: '<sip:bob@example.test>;tag=callee' }))
  const sent = take()
  assert.deepEqual(kindsOf(sent), ['INVITE', 'CANCEL', 'ACK'])
  assert.equal(new Set(sent.map(({ text }) => branchOf(text))).size, 1)
})

test('the branch of a stateless proxy is the same after it was restarted (§16.11)', () => {
  const branches = [1, 2].map(() => {
    const { receive, take } = harness(stateless)
    receive(request('INVITE', bob))
    return branchOf(take()[0]!.text)
  })
  assert.equal(branches[0], branches[1])
})

test('a response goes back through a stateless proxy by its next Via: received and rport over a datagram', () => {
  const { receive, take, answer } = harness(stateless)
  const source: Hop = { ...caller, port: 31_000 }
  receive(request('INVITE', bob, { Via: 'SIP/2.0/UDP 10.0.0.9:5070;rport;branch=z9hG4bKn' }), source)
  answer(take()[0]!, 200)
  const [back] = take()
  assert.deepEqual(back!.hop, source)
  assert.equal(headers(back!.text, 'Via').length, 1)
})

test('and over a connection by that connection, which its caller may be reached by alone (§18.2.2)', () => {
  const { receive, take, answer } = harness(stateless)
  const source: Hop = { ...caller, transport: 'TCP', port: 40_000, connection: '1.7' }
  receive(request('INVITE', bob, { Via: 'SIP/2.0/TCP 10.0.0.9:5060;branch=z9hG4bKn' }), source)
  answer(take()[0]!, 200)
  assert.equal(take()[0]!.hop.connection, '1.7')
})

test('a response to an IPv6 caller leaves a stateless proxy from an IPv6 address', () => {
  const listener = { transports: ['UDP', 'TCP'] as const, port: 5060, tlsPort: undefined }
  const { receive, take, answer } = harness({
    ...stateless,
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
  const source: Hop = { ...caller, address: '2001:db8::99', listener: 1 }
  receive(request('MESSAGE', bob, { Via: 'SIP/2.0/UDP [2001:db8::99];branch=z9hG4bKv' }), source)
  const [out] = take()
  assert.equal(out!.hop.listener, 0)
  answer(out!, 200)
  assert.deepEqual(take()[0]!.hop, source)
})

test('the first contact by q is the one that a stateless proxy chooses, always (§16.11)', () => {
  const { receive, take, bind } = harness(stateless)
  bind('bob', 'sip:bob@203.0.113.1', { q: 300 })
  bind('bob', 'sip:bob@203.0.113.2', { q: 700 })
  receive(request('INVITE', 'sip:bob@example.test'))
  assert.deepEqual(
    take().map(({ hop }) => hop.address),
    ['203.0.113.2'],
  )
})

test('a stateless proxy sees a loop, and says so but never to an ACK', () => {
  const { receive, take } = harness(stateless)
  receive(request('MESSAGE', bob))
  const again = take()[0]!.text.replace('Via:', 'Via: SIP/2.0/UDP 203.0.113.5;branch=z9hG4bKx\r\nVia:')
  receive(again)
  assert.deepEqual(kindsOf(take()), ['482'])
  receive(again.replaceAll('MESSAGE', 'ACK'))
  assert.deepEqual(kindsOf(take()), [])
})

test('while a restart is near a stateless proxy takes no new calls either', () => {
  const { receive, take, core } = harness(stateless)
  core.openness = 'refusing'
  receive(request('INVITE', bob))
  receive(
    request('INVITE', bob, { To: '<sip:bob@example.test>;tag=b', Via: 'SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKre' }),
  )
  assert.deepEqual(kindsOf(take()), ['503', 'INVITE'], 'what belongs to a call goes on')
})
