import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { dialogId } from '../../sipd/calls/call.ts'
import { headFault } from '../../sipd/message/head.ts'
import { H } from '../../sipd/message/header-names.ts'
import { parseMessage, readHead } from '../../sipd/message/parse.ts'
import { Framer, FramingError } from '../../sipd/transport/framer.ts'
import { frames } from '../../sipd/worker/frames.ts'
import { handoverFrames, readHandover } from '../../sipd/worker/handover.ts'
import { caller, harness, headers, kindOf, kindsOf, request, responseTo } from './proxy-support.ts'

const bob = 'sip:bob@203.0.113.5'
const usual = request('MESSAGE', bob, { Subject: 'SUBJECT' }, 'body')

/** Requests whose head another server may read otherwise than we do, by what is wrong with them. */
const faulty: readonly (readonly [what: string, text: string])[] = [
  ['a head that ends LF LF', usual.replace('\r\n\r\n', '\n\n')],
  ['a head that ends CRLF LF', usual.replace('\r\n\r\n', '\r\n\n')],
  ['a head that ends LF CRLF', usual.replace('\r\n\r\n', '\n\r\n')],
  [
    'a head that ends LF LF, with lines of a head in its body',
    usual.replace('\r\n\r\nbody', '\n\nRoute: <sip:203.0.113.9;lr>\r\n\r\n'),
  ],
  ['a start line that ends with LF', usual.replace('\r\n', '\n')],
  ['a header that ends with LF', usual.replace('SUBJECT\r\n', 'SUBJECT\n')],
  ['nothing but LF', usual.replaceAll('\r\n', '\n')],
  ['a fold after LF', usual.replace('SUBJECT', 'one\n two')],
  ['a CR in a header', usual.replace('SUBJECT', 'one\rX-Injected: 1')],
  ['a CR in the start line', usual.replace(bob, `${bob}\r`)],
  ['a CR before CRLF', usual.replace('SUBJECT\r\n', 'SUBJECT\r\r\n')],
  ['a CR in a tag', usual.replace(';tag=ann', ';tag=ann\rX-Injected: 1')],
  ...Array.from({ length: 32 }, (_, code) => code)
    .concat(0x7f)
    .filter((code) => ![0x09, 0x0a, 0x0d].includes(code))
    .map((code): [string, string] => [
      `octet ${code} in a header`,
      usual.replace('SUBJECT', `a${String.fromCharCode(code)}b`),
    ]),
  ['NUL in a branch', usual.replace('z9hG4bK', 'z9hG4bK\0')],
  ['NUL in a quoted branch', usual.replace(/branch=z9hG4bKMESSAGE1/, 'branch="z9hG4bK\0"')],
  ['NUL after a backslash outside of quotes', usual.replace('SUBJECT', 'a\\\0b')],
  ['NUL after an escaped backslash', usual.replace('SUBJECT', '"a\\\\\0b"')],
]

describe('the head of a message is its lines and nothing else (RFC 3261 §25.1)', () => {
  for (const [what, text] of faulty)
    test(`${what} is refused over UDP, and goes nowhere`, () => {
      for (const stateful of [true, false]) {
        const proxy = harness({ policy: { stateful } })
        proxy.receive(text)
        const sent = proxy.take()
        assert.deepEqual(kindsOf(sent), ['400'])
        assert.equal(proxy.statistics.malformed, 1)
        // What quotes a faulty head is none itself.
        assert.equal(headFault(Buffer.from(sent[0]!.text, 'latin1')), undefined)
        assert.doesNotMatch(sent[0]!.text, /^X-Injected/m)
      }
    })

  for (const [what, text] of faulty)
    test(`${what} ends a stream, for its end is not known`, () => {
      const framer = new Framer()
      const messages: Buffer[] = []
      assert.throws(
        () =>
          framer.push(
            Buffer.from(`${text}\r\n\r\n${usual}`, 'latin1'),
            (octets) => messages.push(octets),
            () => {},
          ),
        (error) => {
          assert.ok(error instanceof FramingError)
          assert.equal(error.status, 400)
          const parts = readHead(error.head)
          if (parts) assert.doesNotMatch(parts.text.replaceAll('\r\n', ''), /[\0-\x08\x0a-\x1f\x7f]/)
          return true
        },
      )
      assert.deepEqual(messages, [])
    })

  test('a response with such a head is dropped and counted', () => {
    const proxy = harness()
    proxy.receive(request('MESSAGE', bob))
    const [out] = proxy.take()
    const good = responseTo(out!.text, 200, ['Subject: SUBJECT'])
    for (const bad of [
      good.replace('\r\n\r\n', '\n\n'),
      good.replace('SUBJECT', 'a\rVia: x'),
      good.replace('SUBJECT', 'a\0b'),
    ])
      proxy.receive(bad, out!.hop)
    assert.deepEqual(proxy.take(), [])
    assert.equal(proxy.statistics.discarded, 3)
    proxy.receive(good, out!.hop)
    assert.deepEqual(kindsOf(proxy.take()), ['200'])
  })

  test('a body may have any octets, and what is escaped in quotes stays as it is (RFC 4475 §3.1.1.2)', () => {
    const body = '\n\n\r\0\x07\x7f\r\n\n'
    const From = '"BEL \\\x07 NUL \\\0 quote \\" DEL \\\x7f" <sip:ann@example.test>;tag=ann'
    const proxy = harness()
    proxy.receive(request('MESSAGE', bob, { From }, body))
    const [out] = proxy.take()
    assert.equal(kindOf(out!), 'MESSAGE')
    assert.ok(out!.text.endsWith(`\r\n\r\n${body}`))
    assert.ok(out!.text.includes(`From: ${From}\r\n`))
  })

  test('what is forwarded has lines that end with CRLF, and so have its ACK and CANCEL', () => {
    const proxy = harness()
    proxy.receive(request('INVITE', bob, { Subject: 'one,\r\n two' }))
    const [, out] = proxy.take()
    proxy.answer(out!, 180)
    proxy.receive(request('CANCEL', bob))
    proxy.answer(out!, 487)
    for (const { text } of [out!, ...proxy.take()]) {
      const head = text.slice(0, text.indexOf('\r\n\r\n') + 4)
      assert.doesNotMatch(head.replaceAll('\r\n', ''), /[\r\n]/, text)
    }
  })

  test('Unicode blanks are none in a Via', () => {
    for (const blank of ['\xa0', '\x85']) {
      const proxy = harness()
      proxy.receive(request('MESSAGE', bob, { Via: `SIP/2.0/UDP${blank}198.51.100.1;branch=z9hG4bKx` }))
      assert.deepEqual(kindsOf(proxy.take()), ['400'])
    }
  })
})

describe('the value of a parameter has the characters of one', () => {
  const good = [
    '',
    'a',
    "-._!%*+`'~",
    '198.51.100.1',
    '[2001:db8::1]',
    '"quoted; , <x> \\" \xe9"',
    'a=b',
    'a/b:c@d?e&f',
  ]
  const bad = ['"open', 'a"b"', '"a"b', 'a b', 'a\tb', 'a<b', 'a>b', 'a\\b', '\xe9', 'a\xa0']

  for (const [where, text] of [
    [
      'a Via',
      (value: string) => request('MESSAGE', bob, { Via: `SIP/2.0/UDP 198.51.100.1;x=${value};branch=z9hG4bKp` }),
    ],
    ['From', (value: string) => request('MESSAGE', bob, { From: `<sip:ann@example.test>;tag=ann;x=${value}` })],
    ['a Route', (value: string) => request('MESSAGE', bob, { Route: `<sip:203.0.113.9;lr>;x=${value}` })],
  ] as const)
    test(`of ${where}`, () => {
      const answer = (value: string): string => {
        const proxy = harness()
        proxy.receive(text(value))
        return kindOf(proxy.take()[0]!)
      }
      for (const value of good) assert.equal(answer(value), 'MESSAGE', value)
      for (const value of bad) assert.equal(answer(value), '400', value)
    })

  test('of a URI', () => {
    const answer = (value: string): string => {
      const proxy = harness()
      proxy.receive(request('MESSAGE', `${bob};x=${value}`))
      return kindOf(proxy.take()[0]!)
    }
    for (const value of ['', 'a', '%20', "[a]/b:c&d+$-_.!~*'()"]) assert.equal(answer(value), 'MESSAGE', value)
    for (const value of ['"', '<', '>', '\\', '\xe9', '\xa0', 'a b']) assert.equal(answer(value), '400', value)
  })
})

test('keys that are handed over come out as they went in, whatever is in them', () => {
  const keys = ['', '\0', 'a\0b', '"],["', '\n', '\xff', 'z9hG4bK host:5060 INVITE']
  const [live, held] = handoverFrames({ worker: 17_400_000_123, keys, hashes: Buffer.from('\0\x01\n\0abcd', 'latin1') })
  assert.deepEqual(readHandover(frames.liveKeys, live![1]), { worker: 17_400_000_123, keys, hashes: Buffer.alloc(0) })
  const { worker, hashes } = readHandover(frames.heldKeys, held![1])
  assert.deepEqual([worker, hashes.toString('latin1')], [17_400_000_123, '\0\x01\n\0abcd'])
})

test('no call is known by an identity that another could have: NUL parts its words', () => {
  const of = (callId: string, from: string, to: string) => {
    const text = request('BYE', bob, { 'Call-ID': callId, From: `<sip:a@h>;tag=${from}`, To: `<sip:b@h>;tag=${to}` })
    const message = parseMessage(Buffer.from(text, 'latin1'))
    assert.ok(message?.kind === 'request' && message.value(H.callId) === callId, text)
    return dialogId(message)
  }
  assert.equal(of('c', 'a', 'b'), 'c\0a\0b')
  assert.equal(of('"c\\\0a"', 'a', 'b'), undefined)
  assert.equal(of('c', '"a\\\0x"', 'b'), undefined)
})

test('a caller whose display name has a NUL is listed with whom he called', () => {
  const proxy = harness({ policy: { addRecordRoute: true } })
  proxy.receive(request('INVITE', bob, { From: '"a\\\0b" <sip:ann@example.test>;tag=ann' }), caller)
  proxy.answer(proxy.take().at(-1)!, 200)
  assert.deepEqual(
    [...proxy.calls!.all()].map(({ from, to }) => [from, to]),
    [['sip:ann@example.test', 'sip:bob@example.test']],
  )
  assert.equal(headers(proxy.take()[0]!.text, 'To')[0], '<sip:bob@example.test>;tag=callee')
})
