/** Caller preferences, RFC 3841: which phones of a user a caller gets, and in what way. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { areMet, parseFeatures } from '../../sipd/preferences/features.ts'
import { type Harness, harness, headers, kindsOf, request } from './proxy-support.ts'

const phones = {
  desk: ';audio;methods="INVITE,BYE,OPTIONS"',
  video: ';audio;video;methods="INVITE,BYE"',
  mail: ';automata;audio;actor="msg-taker"',
  plain: '',
}

/** bob has these phones, each by the last number of its address. */
function bobWith(features: readonly string[], options: Parameters<typeof harness>[0] = {}, qs: readonly number[] = []) {
  const proxy = harness(options)
  for (const [i, of] of features.entries()) {
    const q = qs[i] ?? 1000
    proxy.bind('bob', `sip:bob@203.0.113.${i + 1}`, { features: of, q })
  }
  return proxy
}

function invite(proxy: Harness, preferences: Readonly<Record<string, string>>): void {
  proxy.receive(request('INVITE', 'sip:bob@example.test', preferences))
}

/** The phones that ring, by their number. */
function ringing(proxy: Harness): number[] {
  return proxy
    .take()
    .filter(({ text }) => text.startsWith('INVITE'))
    .map(({ hop }) => Number(hop.address.split('.').at(-1)))
    .sort()
}

describe('Reject-Contact', () => {
  test('keeps a call from phones that say they have all of what is not wanted', () => {
    const all = [phones.desk, phones.video, phones.mail, phones.plain]
    for (const [rejected, left] of [
      ['*;automata', [1, 2, 4]],
      ['*;video;audio', [1, 3, 4]],
      ['*;actor="msg-taker", *;video', [1, 4]],
      ['*;actor="principal"', [1, 2, 3, 4]],
    ] as const) {
      const proxy = bobWith(all)
      invite(proxy, { 'Reject-Contact': rejected })
      assert.deepEqual(ringing(proxy), left, rejected)
    }
  })

  test('that leaves nobody is answered with 480', () => {
    const proxy = bobWith([phones.mail])
    invite(proxy, { 'Reject-Contact': '*;audio' })
    assert.deepEqual(kindsOf(proxy.take()), ['480'])
  })
})

describe('Accept-Contact', () => {
  test('has the phone first that says it can do what is wanted', () => {
    const proxy = bobWith([phones.desk, phones.video])
    invite(proxy, { 'Accept-Contact': '*;video' })
    const [first] = proxy.sent.filter(({ text }) => text.startsWith('INVITE'))
    assert.deepEqual(ringing(proxy), [2])
    proxy.answer(first!, 486)
    assert.deepEqual(ringing(proxy), [1])
  })

  test('counts after what the callee prefers', () => {
    const proxy = bobWith([phones.desk, phones.video], {}, [900, 100])
    invite(proxy, { 'Accept-Contact': '*;video' })
    assert.deepEqual(ringing(proxy), [1])
  })

  test('with require leaves out who cannot, and with explicit who does not say so', () => {
    for (const [accepted, left] of [
      ['*;methods="OPTIONS";require', [1, 3, 4]],
      ['*;methods="OPTIONS";require;explicit', [1, 4]],
      ['*;video="FALSE";require', [1, 3, 4]],
    ] as const) {
      const proxy = bobWith([phones.desk, phones.video, phones.mail, phones.plain])
      invite(proxy, { 'Accept-Contact': accepted, 'Request-Disposition': 'parallel' })
      assert.deepEqual(ringing(proxy), left, accepted)
    }
  })

  test('in its compact form counts as well', () => {
    const proxy = bobWith([phones.desk, phones.video])
    invite(proxy, { a: '*;video;require;explicit' })
    assert.deepEqual(ringing(proxy), [2])
  })
})

describe('Request-Disposition', () => {
  const two = [phones.desk, phones.video]

  test('no-fork rings one phone, sequential one after the other, and parallel all of them', () => {
    const none = bobWith(two)
    invite(none, { 'Request-Disposition': 'no-fork' })
    assert.equal(ringing(none).length, 1)
    const sequential = bobWith(two)
    invite(sequential, { 'Request-Disposition': 'sequential' })
    const [first] = sequential.sent.filter(({ text }) => text.startsWith('INVITE'))
    assert.equal(ringing(sequential).length, 1)
    sequential.answer(first!, 486)
    assert.equal(ringing(sequential).length, 1)
    const parallel = bobWith(two, {}, [1000, 100])
    invite(parallel, { d: 'parallel' })
    assert.equal(ringing(parallel).length, 2)
  })

  test('redirect has a proxy say where the phones are, and proxy a redirect server call them', () => {
    const proxy = bobWith(two)
    invite(proxy, { 'Request-Disposition': 'redirect' })
    const [answer] = proxy.take()
    assert.equal(headers(answer!.text, 'Contact').length, 2)
    const redirect = bobWith(two, { policy: { redirect: true } })
    invite(redirect, { 'Request-Disposition': 'proxy' })
    assert.equal(ringing(redirect).length, 2)
  })

  test('does not tell a stranger where the phones are', () => {
    const relay = { exposed: [true], allowed: [], allowsRegistered: false }
    const proxy = bobWith(two, { settings: { relay } })
    invite(proxy, { 'Request-Disposition': 'redirect' })
    assert.equal(ringing(proxy).length, 2)
  })

  test('no-recurse gives a 3xx to the caller, and no-cancel leaves the other phones ringing', () => {
    const proxy = bobWith([phones.desk])
    invite(proxy, { 'Request-Disposition': 'no-recurse' })
    const [leg] = proxy.take().filter(({ text }) => text.startsWith('INVITE'))
    proxy.answer(leg!, 302, ['Contact: <sip:bob@203.0.113.9>'])
    assert.deepEqual(kindsOf(proxy.take()), ['ACK', '302'])

    const both = bobWith(two)
    invite(both, { 'Request-Disposition': 'no-cancel' })
    const [one, other] = both.take().filter(({ text }) => text.startsWith('INVITE'))
    both.answer(other!, 180)
    both.answer(one!, 200)
    assert.deepEqual(kindsOf(both.take()), ['180', '200'])
  })

  test('counts for nothing where UseCallerPreferences is Off', () => {
    const proxy = bobWith(two, { policy: { usesCallerPreferences: false } })
    invite(proxy, { 'Request-Disposition': 'redirect', 'Reject-Contact': '*;audio' })
    assert.equal(ringing(proxy).length, 2)
  })
})

describe('a registration', () => {
  test('keeps what the phone says it can do, and lists it', () => {
    const proxy = harness()
    const contact =
      '<sip:bob@198.51.100.1:5060>;audio;video="FALSE";+sip.x="<A;b>";methods="INVITE,BYE";x=1;expires=600'
    proxy.receive(request('REGISTER', 'sip:example.test', { Contact: contact }))
    const [binding] = proxy.store.find('sip:bob@example.test')
    assert.equal(binding?.features, ';audio;video="FALSE";+sip.x="<A;b>";methods="INVITE,BYE"')
    const [listed = ''] = headers(proxy.take()[0]!.text, 'Contact')
    assert.ok(listed.endsWith(binding.features), listed)
    proxy.receive(
      request('REGISTER', 'sip:example.test', {
        Contact: `<sip:bob@198.51.100.1:5060>;description="<${'x'.repeat(600)}>"`,
        CSeq: '2 REGISTER',
        Via: 'SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKlong',
      }),
    )
    assert.deepEqual(kindsOf(proxy.take()), ['400'])
  })
})

test('two sets of values meet as RFC 3840 has them', () => {
  const met = (one: string, other: string): boolean => {
    const [wanted, had] = [one, other].map((value) => parseFeatures(`;+x=${value}`).get('+x') ?? [])
    return areMet(wanted ?? [], had ?? [])
  }
  for (const [one, other, expected] of [
    ['"a,b"', '"B,c"', true],
    ['"a"', '"b"', false],
    ['"!a"', '"b"', true],
    ['"!a"', '"a"', false],
    ['"#>=4"', '"#2:4"', true],
    ['"#>=5"', '"#2:4"', false],
    ['"#=3"', '"#<=3"', true],
    ['"<Ab>"', '"<Ab>"', true],
    ['"<Ab>"', '"<ab>"', false],
    ['"TRUE"', 'true', true],
  ] as const)
    assert.equal(met(one, other), expected, `${one} and ${other}`)
})
