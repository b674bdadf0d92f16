/** How branches end, and what those upstream and downstream hear of why. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { contact, fork, type Harness, harness, headers, kindOf, kindsOf, request, responseTo } from './proxy-support.ts'

describe('a CANCEL says why (RFC 3326)', () => {
  const elsewhere = 'SIP;cause=200;text="Call completed elsewhere"'

  test('to those of a fork that did not answer: the call was completed elsewhere, also where the CANCEL has to wait', () => {
    const proxy = harness()
    const [one, two, three] = fork(proxy, 1000, 1000, 1000)
    proxy.answer(two!, 180)
    proxy.answer(one!, 200)
    proxy.answer(three!, 180)
    const cancels = proxy.take().filter((sent) => kindOf(sent) === 'CANCEL')
    assert.deepEqual(
      cancels.map(({ text }) => headers(text, 'Reason')),
      [[elsewhere], [elsewhere]],
    )
  })

  test('with the reasons of the caller, each of them', () => {
    const reasons = ['Q.850;cause=16;text="Terminated, by ann"', 'SIP;cause=200;text="Call completed elsewhere"']
    for (const isRinging of [true, false]) {
      const proxy = harness()
      const [out] = fork(proxy, 1000)
      if (isRinging) proxy.answer(out!, 180)
      proxy.receive(request('CANCEL', 'sip:bob@example.test', { Reason: `${reasons[0]}\r\nreason: ${reasons[1]}` }))
      if (!isRinging) proxy.answer(out!, 180)
      const cancel = proxy.take().find((sent) => kindOf(sent) === 'CANCEL')
      assert.deepEqual(headers(cancel!.text, 'Reason'), reasons)
    }
  })

  test('with none where the caller gave none, and where it rang too long', () => {
    for (const ends of [
      (proxy: Harness) => proxy.receive(request('CANCEL', 'sip:bob@example.test')),
      (proxy: Harness) => proxy.clock.advance(70_000),
    ]) {
      const proxy = harness()
      const [out] = fork(proxy, 1000)
      proxy.answer(out!, 180)
      ends(proxy)
      const cancel = proxy.take().find((sent) => kindOf(sent) === 'CANCEL')
      assert.deepEqual(headers(cancel!.text, 'Reason'), [])
    }
  })

  test('with the 6xx that ends all, its words in quotes', () => {
    const proxy = harness()
    const [one, two] = fork(proxy, 1000, 1000)
    proxy.answer(two!, 180)
    proxy.receive(responseTo(one!.text, 603).replace('Answered', 'Not "now" \\'), one!.hop)
    const cancel = proxy.take().find((sent) => kindOf(sent) === 'CANCEL')
    assert.deepEqual(headers(cancel!.text, 'Reason'), ['SIP;cause=603;text="Not \\"now\\" \\\\"'])
  })

  test('and goes on with its Reason through a stateless proxy', () => {
    const proxy = harness({ policy: { stateful: false } })
    proxy.bind('bob', contact(1))
    proxy.receive(request('CANCEL', 'sip:bob@example.test', { Reason: elsewhere }))
    assert.deepEqual(headers(proxy.take()[0]!.text, 'Reason'), [elsewhere])
  })
})

describe('a next hop that fails is a 500 upstream, whatever the failure (§16.9, §16.7 step 6)', () => {
  const failures: readonly (readonly [string, (proxy: Harness) => Promise<void> | void])[] = [
    [
      'a contact that refuses the connection',
      (proxy) => {
        const [out] = fork(proxy, 1000)
        out!.fail()
      },
    ],
    [
      'a contact that answers 503, with Retry-After',
      (proxy) => {
        const [out] = fork(proxy, 1000)
        proxy.answer(out!, 503, ['Retry-After: 30'])
      },
    ],
    ['an address that no listener reaches', (proxy) => proxy.receive(request('INVITE', 'sip:carol@[2001:db8::9]'))],
  ]
  for (const [what, fails] of failures)
    test(what, async () => {
      const proxy = harness()
      await fails(proxy)
      const answer = proxy.sent.at(-1)!
      assert.equal(kindOf(answer), '500')
      assert.deepEqual(headers(answer.text, 'Retry-After'), [])
    })

  test('a better answer of another contact goes before it', () => {
    const proxy = harness()
    const [one, two] = fork(proxy, 1000, 1000)
    one!.fail()
    proxy.answer(two!, 486)
    assert.equal(kindsOf(proxy.take()).at(-1), '486')
  })
})
