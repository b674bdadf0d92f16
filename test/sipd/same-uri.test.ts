import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isSameUri } from '../../sipd/message/same-uri.ts'
import { type Harness, harness, headers, kindOf, kindsOf, request, requestUriOf } from './proxy-support.ts'

describe('URIs are compared by RFC 3261 §19.1.4', () => {
  const alike: readonly (readonly [string, string])[] = [
    // Those of the RFC.
    ['sip:%61lice@atlanta.com;transport=TCP', 'sip:alice@AtLanTa.CoM;Transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;security=on'],
    [
      'sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com',
      'sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com',
    ],
    [
      'sip:alice@atlanta.com?subject=project%20x&priority=urgent',
      'sip:alice@atlanta.com?priority=urgent&subject=project%20x',
    ],
    // And of phones.
    ['SIP:bob@203.0.113.5:5060', 'sip:bob@203.0.113.5:5060'],
    ['sip:bob@[2001:DB8:0::5]:5062', 'sip:bob@[2001:db8::5]:5062'],
    ['sip:bob@h.example;line=abc;ob', 'sip:bob@H.example;ob;LINE=ABC'],
    ['sip:bob:se%63ret@h.example', 'sip:bob:secret@h.example'],
    ['sip:%2a31%23@h.example', 'sip:*31#@h.example'],
    ['sip:a%3bb@h.example', 'sip:a%3Bb@h.example'],
  ]
  const different: readonly (readonly [string, string])[] = [
    ['sip:ALICE@AtLanTa.CoM;Transport=udp', 'sip:alice@AtLanTa.CoM;Transport=UDP'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:6000;transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com?Subject=next%20meeting'],
    ['sip:bob@phone21.boxesbybob.com', 'sip:bob@192.0.2.4'],
    ['sip:carol@chicago.com;security=on', 'sip:carol@chicago.com;security=off'],
    ['sips:bob@h.example', 'sip:bob@h.example'],
    ['sip:bob@h.example', 'sip:h.example'],
    ['sip:bob:pw@h.example', 'sip:bob@h.example'],
    ['sip:bob:pw@h.example', 'sip:bob:PW@h.example'],
    ['sip:bob@h.example;user=phone', 'sip:bob@h.example'],
    ['sip:bob@h.example;maddr=192.0.2.4', 'sip:bob@h.example'],
    ['sip:bob@h.example;line=abc', 'sip:bob@h.example;line=abd'],
    ['sip:a%3Bb@h.example', 'sip:a;b@h.example'],
    ['sip:a%2541@h.example', 'sip:a%41@h.example'],
    ['tel:+15550100', 'tel:+1-555-0100'],
  ]
  for (const [one, other] of alike)
    test(`${one} is ${other}`, () => assert.deepEqual([isSameUri(one, other), isSameUri(other, one)], [true, true]))
  for (const [one, other] of different)
    test(`${one} is not ${other}`, () =>
      assert.deepEqual([isSameUri(one, other), isSameUri(other, one)], [false, false]))
})

/** Of bob, with these Contact headers; gives the contacts that the answer lists. */
function register(proxy: Harness, cseq: number, ...contacts: readonly string[]): readonly string[] {
  proxy.receive(
    request('REGISTER', 'sip:example.test', {
      Via: `SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKr${cseq}`,
      Contact: contacts.join(', '),
      CSeq: `${cseq} REGISTER`,
    }),
  )
  const [answer] = proxy.take()
  assert.equal(kindOf(answer!), '200', answer!.text)
  return headers(answer!.text, 'Contact').map((contact) => /<(.*)>/.exec(contact)![1]!)
}

const written = 'sip:%62ob@198.51.100.1:5062;transport=UDP;ob'
const spellings = [
  'sip:bob@198.51.100.1:5062;transport=udp;ob',
  'SIP:bob@198.51.100.1:5062;OB;Transport=udp',
  'sip:bob@198.51.100.1:5062;transport=udp',
]

describe('a registration means the same contact in any spelling of it', () => {
  for (const spelling of spellings) {
    test(`${spelling} refreshes it`, () => {
      const proxy = harness()
      register(proxy, 1, `<${written}>`)
      assert.deepEqual(register(proxy, 2, `<${spelling}>`), [spelling])
    })

    test(`${spelling} with expires=0 takes it away`, () => {
      const proxy = harness()
      register(proxy, 1, `<${written}>`)
      assert.deepEqual(register(proxy, 2, `<${spelling}>;expires=0`), [])
      proxy.receive(request('MESSAGE', 'sip:bob@example.test'))
      assert.deepEqual(kindsOf(proxy.take()), ['404'])
    })
  }

  test('an older request of the same call is out of order in any spelling', () => {
    const proxy = harness()
    register(proxy, 5, `<${written}>`)
    proxy.receive(
      request('REGISTER', 'sip:example.test', { Contact: `<${spellings[0]}>;expires=0`, CSeq: '4 REGISTER' }),
    )
    assert.deepEqual(kindsOf(proxy.take()), ['500'])
  })

  test('one request may name a contact twice: its last word counts', () => {
    const proxy = harness()
    assert.deepEqual(register(proxy, 1, `<${written}>`, `<${written}>`), [written])
    assert.deepEqual(register(proxy, 2, `<${written}>;expires=60`, `<${spellings[0]}>;expires=90`), [spellings[0]])
    assert.deepEqual(register(proxy, 3, `<${written}>`, `<${written}>;expires=0`), [])
  })

  test('a contact of sipd.conf stays, and the answer says so, whatever spelling is to be removed', () => {
    const fixed = { contact: written, callId: 'static', cseq: 0, q: 1000, expiresAtMs: Number.POSITIVE_INFINITY }
    const binding = { ...fixed, flow: undefined, path: [], userAgent: '', instance: '', features: '', source: '' }
    for (const contact of [written, ...spellings]) {
      const proxy = harness({ statics: [['sip:bob@example.test', [binding]]] })
      assert.deepEqual(register(proxy, 1, `<${contact}>;expires=0`), [written])
      assert.deepEqual(register(proxy, 2, `<${contact}>;expires=600`), [written])
    }
  })

  test('a contact that is no SIP URI is refused, and nothing of its request is kept', () => {
    for (const contact of [
      '<tel:+15550100>',
      'tel:+15550100',
      '<mailto:bob@example.test>',
      '<http://203.0.113.5/>',
      '<bob>',
      'bob@203.0.113.5',
      '203.0.113.5',
      '"Bob" <bob@203.0.113.5>',
      '<sip:>',
      '<sips:bob@>',
      '<urn:service:sos>',
    ]) {
      const proxy = harness()
      proxy.receive(request('REGISTER', 'sip:example.test', { Contact: `<sip:bob@203.0.113.5>, ${contact}` }))
      assert.deepEqual(kindsOf(proxy.take()), ['400'], contact)
      assert.deepEqual(proxy.store.find('sip:bob@example.test'), [], contact)
    }
  })
})

describe('a fork does not try a target twice, however it is written', () => {
  test('contacts of two users that are one phone', () => {
    const proxy = harness()
    proxy.bind('bob', 'sip:x@203.0.113.5:5062')
    proxy.bind('bob', 'sip:carol@example.test')
    proxy.bind('carol', 'SIP:%78@203.0.113.5:5062')
    proxy.receive(request('MESSAGE', 'sip:bob@example.test'))
    assert.deepEqual(proxy.take().map(requestUriOf), ['sip:x@203.0.113.5:5062'])
  })

  test('the contact of a 3xx that was tried already, in another spelling', () => {
    const proxy = harness()
    proxy.bind('bob', 'sip:bob@phone.example;transport=TCP', { flow: 'UDP/203.0.113.5/5062/0/' })
    proxy.receive(request('INVITE', 'sip:bob@example.test'))
    const [, out] = proxy.take()
    proxy.answer(out!, 302, ['Contact: <sip:%62ob@PHONE.example;transport=tcp>'])
    assert.deepEqual(kindsOf(proxy.take()), ['ACK', '302'])
  })

  test('but two phones with one private address behind two NATs are two', () => {
    const proxy = harness()
    proxy.bind('bob', 'sip:x@192.168.1.10:5060', { flow: 'UDP/203.0.113.5/40000/0/' })
    proxy.bind('bob', 'sip:carol@example.test')
    proxy.bind('carol', 'sip:x@192.168.1.10:5060', { flow: 'UDP/203.0.113.6/40000/0/' })
    proxy.receive(request('MESSAGE', 'sip:bob@example.test'))
    assert.deepEqual(
      proxy.take().map(({ hop }) => hop.address),
      ['203.0.113.5', '203.0.113.6'],
    )
  })
})
