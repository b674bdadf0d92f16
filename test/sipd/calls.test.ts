import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Call } from '../../sipd/calls/call.ts'
import { longestUnseenMs } from '../../sipd/calls/established.ts'
import { type Harness, harness, kindsOf, request, type Sent } from './proxy-support.ts'

const bob = 'sip:bob@203.0.113.5'
const followed = { policy: { addRecordRoute: true } }

/** An INVITE that bob's phone got; what is sent from now on is read with `take`. */
function invite(proxy: Harness, headers: Readonly<Record<string, string>> = {}): Sent {
  proxy.receive(request('INVITE', bob, headers))
  return proxy.take().find(({ text }) => text.startsWith('INVITE'))!
}

function callsOf({ core, calls }: Harness): Call[] {
  return [...core.callsBeingSetUp(), ...(calls?.all() ?? [])]
}

function bye(number = 2): string {
  return request('BYE', bob, { To: '<sip:bob@example.test>;tag=callee', CSeq: `${number} BYE`, Via: via(number) })
}

function via(number: number): string {
  return `SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKx${number}`
}

test('a call is trying, ringing, established, and gone with its BYE', () => {
  const proxy = harness(followed)
  const sent = invite(proxy)
  const sinceMs = proxy.clock.monotonicMs()
  const call = { callId: 'call-1', from: 'sip:ann@example.test', to: 'sip:bob@example.test' }
  assert.deepEqual(callsOf(proxy), [{ state: 'trying', ...call, sinceMs }])
  proxy.answer(sent, 180)
  assert.deepEqual(callsOf(proxy), [{ state: 'ringing', ...call, sinceMs }])
  proxy.clock.advance(3000)
  proxy.answer(sent, 200)
  assert.deepEqual(callsOf(proxy), [{ state: 'established', ...call, sinceMs: sinceMs + 3000 }])
  proxy.receive(bye())
  proxy.answer(proxy.take().at(-1)!, 200)
  assert.deepEqual(callsOf(proxy), [])
})

test('a call that is refused or cancelled is gone', () => {
  const proxy = harness(followed)
  proxy.answer(invite(proxy), 486)
  assert.deepEqual(callsOf(proxy), [])
})

test('the callee may hang up as well: whoever sends the BYE, it is the same dialog (RFC 3261 §12)', () => {
  const proxy = harness(followed)
  proxy.answer(invite(proxy), 200)
  const from = '<sip:bob@example.test>;tag=callee'
  proxy.receive(request('BYE', 'sip:ann@198.51.100.1', { From: from, To: '<sip:ann@example.test>;tag=ann' }))
  proxy.answer(proxy.take().at(-1)!, 200)
  assert.deepEqual(callsOf(proxy), [])
})

test('a BYE that is challenged ends nothing, one that nobody knows does (RFC 3261 §15.1.1)', () => {
  const proxy = harness(followed)
  proxy.answer(invite(proxy), 200)
  proxy.receive(bye(2))
  proxy.answer(proxy.take().at(-1)!, 407)
  assert.equal(callsOf(proxy).length, 1)
  proxy.receive(bye(3))
  proxy.answer(proxy.take().at(-1)!, 481)
  assert.equal(callsOf(proxy).length, 0)
})

test('a BYE of another dialog with the same Call-ID leaves the call', () => {
  const proxy = harness(followed)
  proxy.answer(invite(proxy), 200)
  proxy.receive(request('BYE', bob, { To: '<sip:bob@example.test>;tag=somebody' }))
  proxy.answer(proxy.take().at(-1)!, 200)
  assert.equal(callsOf(proxy).length, 1)
})

test('without a session timer a call whose BYE was lost is forgotten after twelve hours', () => {
  const proxy = harness(followed)
  proxy.answer(invite(proxy), 200)
  proxy.clock.advance(longestUnseenMs - 2000)
  assert.equal(callsOf(proxy).length, 1)
  proxy.clock.advance(4000)
  assert.equal(callsOf(proxy).length, 0)
})

test('with a session timer it is forgotten when no re-INVITE or UPDATE refreshed it (RFC 4028)', () => {
  const proxy = harness(followed)
  proxy.answer(invite(proxy), 200, ['Session-Expires: 1800;refresher=uac'])
  proxy.clock.advance(1700_000)
  const inDialog = { To: '<sip:bob@example.test>;tag=callee' }
  proxy.answer(invite(proxy, { ...inDialog, CSeq: '2 INVITE', Via: via(2) }), 200, ['x: 1800'])
  proxy.clock.advance(1700_000)
  proxy.receive(request('UPDATE', bob, { ...inDialog, CSeq: '3 UPDATE', Via: via(3) }))
  proxy.answer(proxy.take().at(-1)!, 200, ['Session-Expires: 90'])
  proxy.clock.advance(80_000)
  assert.deepEqual(
    callsOf(proxy).map(({ state }) => state),
    ['established'],
    'one call: what goes on within it is none',
  )
  proxy.clock.advance(20_000)
  assert.equal(callsOf(proxy).length, 0)
})

test('a fork whose two phones both answer is two calls', () => {
  const proxy = harness(followed)
  proxy.bind('bob', bob)
  proxy.bind('bob', 'sip:bob@203.0.113.6')
  proxy.receive(request('INVITE', 'sip:bob@example.test'))
  const [one, other] = proxy.take().filter(({ text }) => text.startsWith('INVITE'))
  proxy.answer(one!, 200)
  proxy.receive(responseWithTag(other!, 'second'), other!.hop)
  assert.deepEqual(
    callsOf(proxy).map(({ state }) => state),
    ['established', 'established'],
  )
})

function responseWithTag({ text }: Sent, tag: string): string {
  const copied = text.split('\r\n').filter((line) => /^(?:Via|From|To|Call-ID|CSeq|Record-Route):/.test(line))
  const lines = copied.map((line) => (line.startsWith('To:') ? `${line};tag=${tag}` : line))
  return ['SIP/2.0 200 OK', ...lines, 'Content-Length: 0', '', ''].join('\r\n')
}

test('what was answered is not followed where sipd does not stay in the path', () => {
  const proxy = harness()
  const sent = invite(proxy)
  assert.equal(callsOf(proxy).length, 1)
  proxy.answer(sent, 200)
  assert.deepEqual([proxy.calls, callsOf(proxy)], [undefined, []])
  assert.ok(kindsOf(proxy.sent).includes('200'))
})

test('another worker takes calls over as they are, by a monotonic clock that began at another time', () => {
  const before = harness(followed)
  const after = harness(followed)
  before.answer(invite(before), 200)
  before.clock.advance(5000)
  after.clock.advance(60_000)
  const [known] = callsOf(before)
  after.calls!.adopt(before.calls!.take((callId) => callId === 'call-1'))
  assert.deepEqual([callsOf(before), callsOf(after)], [[], [{ ...known, sinceMs: 55_000 }]])
  after.receive(bye())
  after.answer(after.take().at(-1)!, 200)
  assert.equal(callsOf(after).length, 0)
})
