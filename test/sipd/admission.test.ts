import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../lib/time/clock.ts'
import { Admission } from '../../sipd/proxy/admission.ts'
import { caller, harness, headers, kindsOf, request } from './proxy-support.ts'

const options = { perSecond: 2, exemptsLoopback: true, retryAfterSeconds: 7 }
const numbered = (method: string, n: number): string =>
  request(method, 'sip:203.0.113.5', { Via: `SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKf${n}`, 'Call-ID': `f${n}` })

test('beyond FloodThreshold as many again are refused, then there is silence, and the next second begins again', () => {
  const clock = new ManualClock()
  const admission = new Admission({ ...options, clock })
  const verdicts = () => [1, 2, 3, 4, 5].map(() => admission.admit('OPTIONS', caller))
  assert.deepEqual(verdicts(), ['admitted', 'admitted', 'refused', 'refused', 'silent'])
  assert.equal(admission.admit('OPTIONS', { ...caller, address: '198.51.100.2' }), 'admitted', 'of another address')
  clock.advance(1000)
  assert.deepEqual(verdicts(), ['admitted', 'admitted', 'refused', 'refused', 'silent'])
})

test('all addresses of an IPv6 /64 are one source: whoever has one of them has them all', () => {
  const admission = new Admission({ ...options, clock: new ManualClock() })
  const from = (address: string) => admission.admit('OPTIONS', { ...caller, address })
  const verdicts = [1, 2, 3, 4, 5].map((n) => from(`2001:db8:0:7::${n}`))
  assert.deepEqual(verdicts, ['admitted', 'admitted', 'refused', 'refused', 'silent'])
  assert.equal(from('2001:db8:0:8::1'), 'admitted', 'of another network')
})

test('what ends a call or a wait that is known is taken from everybody, and loopback is not slowed', () => {
  const admission = new Admission({ ...options, clock: new ManualClock() })
  const belongs = () => true
  for (let i = 0; i < 10; i++)
    for (const method of ['ACK', 'BYE', 'CANCEL', 'PRACK'])
      assert.equal(admission.admit(method, caller, belongs), 'admitted')
  for (const address of ['127.0.0.1', '::1'])
    for (let i = 0; i < 10; i++) assert.equal(admission.admit('INVITE', { ...caller, address }), 'admitted')
})

for (const method of ['BYE', 'PRACK', 'CANCEL', 'ACK', 'INVITE', 'OPTIONS'])
  for (const stateful of [true, false])
    test(`${method} of no call and no transaction counts like any other, ${stateful ? 'with' : 'without'} state`, () => {
      const flood = { perSecond: 50, exemptsLoopback: true }
      const { receive, take, statistics } = harness({ policy: { stateful }, settings: { flood } })
      for (let i = 0; i < 500; i++)
        receive(numbered(method, i).replace('To: <sip:bob@example.test>', 'To: <sip:bob@example.test>;tag=b'))
      const forwarded = take().filter(({ text }) => text.startsWith(method))
      assert.ok(forwarded.length <= 50, `${forwarded.length} of 500 were forwarded`)
      assert.equal(statistics.refusedFlood, 450)
    })

test('beyond the threshold the BYE of a call and the CANCEL and ACK of an INVITE go on, once each', () => {
  const flood = { perSecond: 3, exemptsLoopback: true }
  const { receive, take, answer } = harness({ policy: { addRecordRoute: true }, settings: { flood } })
  receive(numbered('INVITE', 1))
  answer(take().at(-1)!, 200, ['Contact: <sip:bob@203.0.113.5>'])
  receive(numbered('INVITE', 2))
  answer(take().at(-1)!, 180)
  for (let i = 10; i < 20; i++) receive(numbered('OPTIONS', i))
  take()
  const inDialog = { To: '<sip:bob@example.test>;tag=callee' }
  const of = (method: string, n: number, branch: string) =>
    request(method, 'sip:203.0.113.5', {
      Via: `SIP/2.0/UDP 198.51.100.1;branch=z9hG4bK${branch}`,
      'Call-ID': `f${n}`,
      ...inDialog,
    })
  receive(of('BYE', 1, 'bye'))
  receive(of('BYE', 99, 'stranger'))
  receive(of('CANCEL', 2, 'f2'))
  assert.deepEqual(kindsOf(take()), ['BYE', '200', 'CANCEL'])
})

test('a flood from ever new addresses takes no more memory than 20,000 of them', () => {
  const clock = new ManualClock()
  const admission = new Admission({ ...options, clock })
  for (let i = 0; i < 20_000; i++)
    admission.admit('OPTIONS', { ...caller, address: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}` })
  const verdicts = [1, 2, 3, 4, 5].map((i) => admission.admit('OPTIONS', { ...caller, address: `11.0.0.${i}` }))
  assert.deepEqual(verdicts, ['admitted', 'admitted', 'refused', 'refused', 'silent'], 'all others share one count')
})

test('a request that is refused gets 503 with Retry-After, and leaves nothing behind', () => {
  const { receive, take, layer } = harness({ settings: { flood: { perSecond: 1, exemptsLoopback: true } } })
  for (let i = 0; i < 4; i++) receive(numbered('OPTIONS', i))
  const sent = take()
  assert.deepEqual(kindsOf(sent), ['OPTIONS', '503'])
  assert.deepEqual(headers(sent[1]!.text, 'Retry-After'), ['60'], 'RetryAfterSeconds')
  assert.equal(layer.live, 2, 'one server and one client transaction')
})

test('a retransmission among too many is not refused: 503 would end the call that it belongs to', () => {
  const { receive, take } = harness({ settings: { flood: { perSecond: 1, exemptsLoopback: true } } })
  receive(numbered('INVITE', 1))
  take()
  receive(numbered('INVITE', 1))
  assert.deepEqual(kindsOf(take()).includes('503'), false)
})

test('what is malformed counts as well, and beyond the threshold is not answered', () => {
  const { receive, take } = harness({ settings: { flood: { perSecond: 1, exemptsLoopback: true } } })
  for (let i = 0; i < 5; i++) receive(numbered('OPTIONS', i).replace('From:', 'Fram:'))
  assert.deepEqual(kindsOf(take()), ['400'])
})

test('more transactions than MaxTransactions are refused without state, and the ACK of that goes nowhere', () => {
  const { receive, take, layer } = harness({ settings: { maxTransactions: 1 } })
  receive(numbered('INVITE', 1))
  take()
  receive(numbered('INVITE', 2))
  const [busy] = take()
  assert.deepEqual(kindsOf([busy!]), ['503'])
  assert.deepEqual(headers(busy!.text, 'Retry-After'), ['60'])
  receive(numbered('ACK', 2).replace('To: <sip:bob@example.test>', `To: ${headers(busy!.text, 'To')[0]}`))
  assert.deepEqual(take(), [])
  assert.equal(layer.live, 2)
})

test('a bug in what handles a request costs that request 500, and no memory', () => {
  const proxy = harness()
  proxy.store.find = () => {
    throw new Error('a bug')
  }
  proxy.receive(request('MESSAGE', 'sip:bob@example.test'))
  assert.deepEqual(kindsOf(proxy.take()), ['500'])
  proxy.clock.advance(45_000)
  assert.deepEqual([proxy.layer.live, proxy.held.size], [0, 0])
})

test('while a restart is near new calls and registrations get 503 or silence, and calls go on', () => {
  for (const [openness, answered] of [
    ['refusing', ['503', '503', 'OPTIONS', '100', 'INVITE']],
    ['silent', ['OPTIONS', '100', 'INVITE']],
  ] as const) {
    const { receive, take, core, layer } = harness()
    core.openness = openness
    receive(numbered('INVITE', 1))
    receive(request('REGISTER', 'sip:example.test', { Contact: '<sip:a@b>' }))
    receive(numbered('OPTIONS', 2))
    receive(numbered('INVITE', 3).replace('To: <sip:bob@example.test>', 'To: <sip:bob@example.test>;tag=b'))
    assert.deepEqual(kindsOf(take()), answered, openness)
    if (openness === 'silent') assert.equal(layer.live, 4, 'and nothing is kept of what got no answer')
  }
})
