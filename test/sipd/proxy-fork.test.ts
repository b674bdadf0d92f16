import assert from 'node:assert/strict'
import { test } from 'node:test'
import { caller, contact, fork, harness, headers, kindOf, kindsOf, request, requestUriOf } from './proxy-support.ts'

const invite = request('INVITE', 'sip:bob@example.test')
test('contacts of one q ring together, those of a smaller q when all before have failed (§16.6)', () => {
  const proxy = harness()
  const first = fork(proxy, 1000, 1000, 500)
  assert.deepEqual(first.map(requestUriOf), [contact(1), contact(2)])
  proxy.answer(first[0]!, 486)
  assert.deepEqual(kindsOf(proxy.take()), ['ACK'])
  proxy.answer(first[1]!, 404)
  const next = proxy.take()
  assert.deepEqual(kindsOf(next), ['ACK', 'INVITE'])
  assert.equal(requestUriOf(next[1]!), contact(3))
})

test('no more than MaxForks contacts are tried', () => {
  const proxy = harness({ policy: { maxForks: 2 } })
  assert.equal(fork(proxy, 1000, 1000, 1000).length, 2)
})

test('each provisional response but 100 goes upstream, and a 2xx cancels those that still ring (§16.7 steps 5 and 10)', () => {
  const proxy = harness()
  const [one, two, three] = fork(proxy, 1000, 1000, 1000)
  proxy.answer(one!, 100)
  proxy.answer(one!, 180)
  proxy.answer(two!, 183)
  assert.deepEqual(kindsOf(proxy.take()), ['180', '183'])
  proxy.answer(one!, 200)
  const after = proxy.take()
  assert.deepEqual(kindsOf(after), ['200', 'CANCEL'], 'the third has not said anything: its CANCEL has to wait (§9.1)')
  assert.equal(requestUriOf(after[1]!), contact(2))
  proxy.answer(three!, 180)
  assert.deepEqual(proxy.take().map(kindOf), ['CANCEL'])
  proxy.answer(two!, 487)
  assert.deepEqual(kindsOf(proxy.take()), ['ACK'], 'and that ends here')
})

test('a CANCEL has the Request-URI, Via, From, To, Call-ID, CSeq number and Route of its INVITE (§9.1)', () => {
  const proxy = harness()
  proxy.bind('bob', contact(1), { path: ['<sip:203.0.113.70;lr>'] })
  proxy.receive(invite)
  const [, out] = proxy.take()
  proxy.answer(out!, 180)
  proxy.take()
  proxy.receive(request('CANCEL', 'sip:bob@example.test'))
  const [ok, cancel] = proxy.take()
  assert.deepEqual(kindsOf([ok!, cancel!]), ['200', 'CANCEL'])
  assert.equal(requestUriOf(cancel!), requestUriOf(out!))
  for (const name of ['Route', 'From', 'To', 'Call-ID'])
    assert.deepEqual(headers(cancel!.text, name), headers(out!.text, name), name)
  assert.deepEqual(headers(cancel!.text, 'Via'), headers(out!.text, 'Via').slice(0, 1))
  assert.deepEqual(headers(cancel!.text, 'CSeq'), ['1 CANCEL'])
  assert.deepEqual(cancel!.hop, out!.hop)
})

test('a CANCEL before any answer waits for one, and the caller gets the 487 that comes then (§9.1, §16.10)', () => {
  const proxy = harness()
  const [out] = fork(proxy, 1000)
  proxy.receive(request('CANCEL', 'sip:bob@example.test'))
  assert.deepEqual(kindsOf(proxy.take()), ['200'])
  proxy.answer(out!, 180)
  assert.deepEqual(kindsOf(proxy.take()), ['CANCEL'])
  proxy.answer(out!, 487)
  assert.deepEqual(kindsOf(proxy.take()), ['ACK', '487'])
})

test('a 200 that crosses the CANCEL goes upstream: the call is there (§9.1)', () => {
  const proxy = harness()
  const [out] = fork(proxy, 1000)
  proxy.answer(out!, 180)
  proxy.receive(request('CANCEL', 'sip:bob@example.test'))
  proxy.take()
  proxy.answer(out!, 200)
  assert.deepEqual(kindsOf(proxy.take()), ['200'])
})

test('a CANCEL that crosses the final response is answered with 200 and does nothing (§9.2)', () => {
  const proxy = harness()
  const [out] = fork(proxy, 1000)
  proxy.answer(out!, 200)
  proxy.take()
  proxy.receive(request('CANCEL', 'sip:bob@example.test'))
  assert.deepEqual(kindsOf(proxy.take()), ['200'])
})

test('a CANCEL of nothing is 481 (§9.2)', () => {
  const proxy = harness()
  proxy.receive(request('CANCEL', 'sip:bob@example.test'))
  assert.deepEqual(kindsOf(proxy.take()), ['481'])
})

test('the CANCEL of a client of RFC 2543 finds its INVITE, which came with several Vias in one line (§17.2.3)', () => {
  const proxy = harness()
  proxy.bind('bob', contact(1))
  const top = 'SIP/2.0/UDP 198.51.100.1:5060'
  proxy.receive(request('INVITE', 'sip:bob@example.test', { Via: `${top}, SIP/2.0/UDP 198.51.100.9` }))
  proxy.take()
  proxy.receive(request('CANCEL', 'sip:bob@example.test', { Via: top }))
  assert.deepEqual(kindsOf(proxy.take()), ['200'])
})

test('a CANCEL while the next hop is looked for ends the call with 487 at once, and nothing leaves', async () => {
  const proxy = harness()
  proxy.receive(request('INVITE', 'sip:carol@elsewhere.example'))
  proxy.receive(request('CANCEL', 'sip:carol@elsewhere.example'))
  assert.deepEqual(kindsOf(proxy.take()), ['100', '200', '487'])
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(kindsOf(proxy.take()), [])
})

test('6xx cancels the others, but is told when they have ended (§16.7 step 5)', () => {
  const proxy = harness()
  const [one, two] = fork(proxy, 1000, 1000, 500)
  proxy.answer(two!, 180)
  proxy.take()
  proxy.answer(one!, 603)
  assert.deepEqual(kindsOf(proxy.take()), ['ACK', 'CANCEL'])
  proxy.answer(two!, 487)
  assert.deepEqual(kindsOf(proxy.take()), ['ACK', '603'], 'and the contact of smaller q is not tried')
})

test('what is no INVITE is not cancelled, be it by a 6xx of another branch (§9.1)', () => {
  const proxy = harness()
  proxy.bind('bob', contact(1))
  proxy.bind('bob', contact(2))
  proxy.receive(request('MESSAGE', 'sip:bob@example.test'))
  const [one, two] = proxy.take()
  proxy.answer(two!, 183)
  proxy.answer(one!, 603)
  assert.deepEqual(kindsOf(proxy.take()), ['183'])
  proxy.answer(two!, 480)
  assert.deepEqual(kindsOf(proxy.take()), ['603'])
})

test('of several failures the lowest class wins, and in it what tells the caller how to try again (§16.7 step 6)', () => {
  for (const [statuses, best] of [
    [[486, 503, 404], '486'],
    [[404, 407], '407'],
    [[503, 408], '408'],
    [[500, 302], '302'],
    [[503], '500'],
  ] as const) {
    const proxy = harness({ policy: { recursive: false } })
    const branches = fork(proxy, ...statuses.map(() => 1000))
    for (const [i, status] of statuses.entries()) proxy.answer(branches[i]!, status)
    assert.equal(kindsOf(proxy.take()).at(-1), best, statuses.join(' '))
  }
})

test('a 401 goes upstream with the challenges of all others (§16.7 step 7)', () => {
  const proxy = harness()
  const [one, two] = fork(proxy, 1000, 1000)
  proxy.answer(one!, 401, ['WWW-Authenticate: Digest realm="one"'])
  proxy.answer(two!, 407, ['Proxy-Authenticate: Digest realm="two",\r\n nonce="n"'])
  const answer = proxy.take().at(-1)!
  assert.equal(kindOf(answer), '401')
  assert.deepEqual(headers(answer.text, 'WWW-Authenticate'), ['Digest realm="one"'])
  assert.match(answer.text, /Proxy-Authenticate: Digest realm="two",\r\n nonce="n"\r\n/)
})

test('the contacts of a 3xx are tried, each once, and a circle of redirections ends (§16.7 step 4)', () => {
  const proxy = harness()
  const [out] = fork(proxy, 1000)
  proxy.answer(out!, 302, [
    'Contact: <sip:carol@203.0.113.9>;q=0.5, <tel:+123>',
    'm: <sip:dave@203.0.113.10?Subject=x>',
  ])
  const second = proxy.take()
  assert.deepEqual(kindsOf(second), ['ACK', 'INVITE'])
  assert.equal(requestUriOf(second[1]!), 'sip:dave@203.0.113.10')
  proxy.answer(second[1]!, 302, [`Contact: <${contact(1)}>, <sip:carol@203.0.113.9>`])
  const third = proxy.take()
  assert.deepEqual(kindsOf(third), ['ACK', 'INVITE'])
  proxy.answer(third[1]!, 302, [`Contact: <${contact(1)}>`])
  assert.deepEqual(kindsOf(proxy.take()), ['ACK', '302'])
})

test('a 3xx that MaxForks leaves no room for goes upstream itself', () => {
  const proxy = harness({ policy: { maxForks: 1 } })
  const [out] = fork(proxy, 1000)
  proxy.answer(out!, 302, ['Contact: <sip:carol@203.0.113.9>'])
  assert.deepEqual(kindsOf(proxy.take()), ['ACK', '302'])
})

test('a 3xx to another user of ours rings where that user is registered (§16.5)', () => {
  const proxy = harness()
  proxy.bind('carol', 'sip:carol@203.0.113.9')
  const [out] = fork(proxy, 1000)
  proxy.answer(out!, 302, ['Contact: <sip:carol@example.test>'])
  const [, next] = proxy.take()
  assert.equal(next && requestUriOf(next), 'sip:carol@203.0.113.9')
  // And back again: that contact has been tried.
  proxy.answer(next!, 302, ['Contact: <sip:bob@example.test>'])
  assert.deepEqual(kindsOf(proxy.take()), ['ACK', '302'])
})

test('a phone that rings for longer than timer C is cancelled, and the caller hears 408 (§16.8)', () => {
  const proxy = harness()
  const [out] = fork(proxy, 1000)
  proxy.answer(out!, 180)
  proxy.clock.advance(59_000)
  proxy.answer(out!, 180)
  proxy.clock.advance(59_000)
  assert.deepEqual(kindsOf(proxy.take()), ['180', '180'], 'every 18x begins the wait again')
  proxy.clock.advance(1100)
  assert.deepEqual(kindsOf(proxy.take()), ['CANCEL'])
  proxy.answer(out!, 487)
  assert.deepEqual(kindsOf(proxy.take()), ['ACK', '408'])
})

test('a call whose phone says each second that it rings ends after MaxRingSeconds (§16.8), and no other phone is tried', () => {
  const proxy = harness({ policy: { longestRingMs: 300_000 } })
  const [out] = fork(proxy, 900, 800)
  for (let second = 0; second < 300; second++) {
    proxy.answer(out!, 180)
    assert.deepEqual(kindsOf(proxy.take()), ['180'])
    proxy.clock.advance(1000)
  }
  proxy.clock.advance(100)
  assert.deepEqual(kindsOf(proxy.take()), ['CANCEL'])
  proxy.answer(out!, 487)
  assert.deepEqual(kindsOf(proxy.take()), ['ACK', '408'])
})

test('Expires of an INVITE bounds its ringing, within SipMaxT3InMs', () => {
  const proxy = harness({ policy: { maxRingMs: 20_000 } })
  for (const [i, [expires, ms]] of (
    [
      [10, 10_000],
      [3000, 20_000],
    ] as const
  ).entries()) {
    proxy.receive(
      request('INVITE', contact(1), { Expires: String(expires), Via: `SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKe${i}` }),
    )
    const [, out] = proxy.take()
    proxy.answer(out!, 180)
    proxy.take()
    proxy.clock.advance(ms - 100)
    assert.deepEqual(kindsOf(proxy.take()), [])
    proxy.clock.advance(200)
    const [cancel] = proxy.take()
    assert.equal(kindOf(cancel!), 'CANCEL')
    proxy.answer(cancel!, 200)
    proxy.answer(out!, 487)
    proxy.receive(request('ACK', contact(1), { Via: headers(out!.text, 'Via')[1]! }))
    proxy.take()
  }
})

test('nothing is kept of a call whose phone answers neither CANCEL nor INVITE (§9.1)', () => {
  const proxy = harness()
  const [out] = fork(proxy, 1000)
  proxy.answer(out!, 180)
  proxy.receive(request('CANCEL', 'sip:bob@example.test'))
  proxy.clock.advance(33_000)
  assert.equal(kindsOf(proxy.take()).at(-1), '487')
  proxy.receive(request('ACK', 'sip:bob@example.test', { To: '<sip:bob@example.test>;tag=x' }))
  proxy.clock.advance(33_000)
  assert.equal(proxy.layer.live, 0)
})

test('every 2xx of a fork goes upstream, also one that comes after the first (§16.7 step 5)', () => {
  const proxy = harness()
  const [one, two] = fork(proxy, 1000, 1000)
  proxy.answer(one!, 200)
  proxy.answer(two!, 200)
  assert.deepEqual(kindsOf(proxy.take()), ['200', '200'])
  proxy.answer(one!, 200)
  const [late] = proxy.take()
  assert.equal(kindOf(late!), '200', 'and its retransmissions until the ACK gets there (RFC 6026 §7.2)')
  assert.deepEqual(late!.hop, caller)
  proxy.clock.advance(45_000)
  proxy.answer(one!, 200)
  assert.deepEqual(kindsOf(proxy.take()), [], 'but not for ever')
})

test('the retransmission of a 2xx goes back over the connection that its INVITE came by', () => {
  const proxy = harness()
  const source = { ...caller, transport: 'TCP', port: 40_000, connection: '1.7' } as const
  proxy.receive(request('INVITE', contact(1), { Via: 'SIP/2.0/TCP 10.9.9.9:5060;branch=z9hG4bKtcp' }), source)
  const [, out] = proxy.take()
  proxy.answer(out!, 200)
  proxy.answer(out!, 200)
  const [first, second] = proxy.take()
  assert.deepEqual(second!.hop, first!.hop)
})

test('what was ringing is cancelled, and forgotten, when no answer can be brought to the caller (§17.2.4)', () => {
  const proxy = harness()
  const source = { ...caller, transport: 'TCP', port: 40_000, connection: '1.7' } as const
  proxy.receive(request('INVITE', contact(1), { Via: 'SIP/2.0/TCP 198.51.100.1;branch=z9hG4bKtcp' }), source)
  const [, out] = proxy.take()
  proxy.answer(out!, 180)
  const [ringing] = proxy.take()
  ringing!.fail()
  assert.deepEqual(kindsOf(proxy.take()), ['CANCEL'])
  proxy.answer(out!, 487)
  assert.equal(proxy.core.contexts, 0)
})
