import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { contentLengthOf, parseMessage } from '../../sipd/message/parse.ts'
import { Framer, FramingError } from '../../sipd/transport/framer.ts'
import { mutate, randomFrom } from '../support/mutate.ts'
import { caller, harness, kindOf, kindsOf, request, responseTo } from './proxy-support.ts'

const bob = 'sip:bob@203.0.113.5'

/** Lines that no proxy reads, in forms that no grammar has (RFC 3261 §16.3 item 1 names Date as its example). */
const unread: readonly string[] = [
  'Date: Tue, 4 Mar 2025 09:10:11 GMT',
  'Date: Tuesday, 04-Mar-25 09:10:11 GMT',
  'Date: Tue Mar  4 09:10:11 2025',
  'Date: 2025-03-04T09:10:11+01:00',
  'Date: Tue, 04 Mar 2025 09:10:11 UTC',
  'Date: Tue, 04 Mar 2025 10:10:11 +0100',
  'Date: Tue, 04 Mar 2025 04:10:11 EST',
  'Date:',
  'Contact:',
  'Contact: *',
  'Contact: <sip:ann@198.51.100.1>;;;;',
  'Contact: "open <sip:ann@198.51.100.1>',
  'Contact: <tel:+15550100>, <ann>, sip:a@b?x=y',
  'Contact: <sip:ann@198.51.100.1',
  'Record-Route:',
  'Record-Route: sip:203.0.113.70 203.0.113.71',
  'Record-Route: <sip:203.0.113.70;lr',
  'Proxy-Require:',
  'Proxy-Require: ,',
  'Require: "',
  'Supported: <,;">',
  'X/Y: 1',
  'X (Y): 1',
  'X"Y: 1',
  '\xc3\xa9: 1',
  ': no name',
  'a line without a colon',
  '=?',
  'Expires: soon',
  'Session-Expires: ;;refresher',
  'User-Agent: \xff\xfe"(',
  'Allow: INVITE,,ACK',
  'P-Asserted-Identity: "Ann <sip:ann@example.test>',
  'Diversion: <sip:x@y>;reason=unconditional, ,',
  'Reason: Q.850;;cause=',
  'Timestamp: -1',
  'Content-Type: ;',
  'Retry-After: x (y',
  'Subject:\r\n \r\n\tx',
]

/** A message with a line of another put before its last header. */
function withLine(message: string, line: string): string {
  return message.replace(/\r\n(?=Content-Length)/, `\r\n${line}\r\n`)
}

/** As it comes out of a stream. */
function framed(text: string): string {
  const messages: string[] = []
  new Framer().push(
    Buffer.from(text, 'latin1'),
    (octets) => messages.push(octets.toString('latin1')),
    () => {},
  )
  assert.equal(messages.length, 1)
  return messages[0]!
}

describe('a header that no proxy reads goes through octet for octet', () => {
  for (const line of unread)
    test(JSON.stringify(line), () => {
      for (const stateful of [true, false])
        for (const through of [(text: string) => text, framed]) {
          const proxy = harness({ policy: { stateful } })
          proxy.receive(through(withLine(request('MESSAGE', bob), line)))
          const [out] = proxy.take()
          assert.equal(kindOf(out!), 'MESSAGE')
          assert.ok(out!.text.includes(`\r\n${line}\r\n`), out!.text)
          proxy.receive(through(withLine(responseTo(out!.text, 200), line)), out!.hop)
          const [back] = proxy.take()
          assert.equal(kindOf(back!), '200')
          assert.ok(back!.text.includes(`\r\n${line}\r\n`), back!.text)
        }
    })

  test('any printable octets, with and without a colon, as the name and the value', () => {
    const random = randomFrom(11)
    const words = (length: number): string =>
      Array.from({ length }, () => {
        const code = 0x21 + Math.floor(random() * 0xdf)
        return String.fromCharCode(code === 0x7f ? 0x20 : code)
      }).join('')
    for (let i = 0; i < 500; i++) {
      const line = `!${words(1 + Math.floor(random() * 20))}${random() < 0.5 ? ':' : ''}${words(10)}`
      const proxy = harness()
      proxy.receive(withLine(request('MESSAGE', bob), line))
      const [out] = proxy.take()
      assert.equal(kindOf(out!), 'MESSAGE', line)
      assert.ok(out!.text.includes(`\r\n${line}\r\n`), line)
    }
  })
})

test('what a proxy reads is looked at as before: each of these is 400', () => {
  for (const line of [
    'Route: <sip:203.0.113.9',
    'Route: "x" sip:203.0.113.9',
    'Max-Breadth: x',
    'Content-Length: 1',
    'Content-Length: x',
    'CSeq: 1 MESSAGE',
    'To: <sip:carol@example.test>',
  ]) {
    const proxy = harness()
    proxy.receive(withLine(request('MESSAGE', bob), line))
    assert.deepEqual(kindsOf(proxy.take()), ['400'], line)
  }
})

test('a first header line that begins with a blank is refused: for some it goes on with the start line', () => {
  const text = request('MESSAGE', bob).replace('\r\n', '\r\n Route: <sip:203.0.113.9;lr>\r\n')
  const proxy = harness()
  proxy.receive(text)
  assert.deepEqual(kindsOf(proxy.take()), ['400'])
  assert.throws(() => framed(text), FramingError)
})

test('a REGISTER is read to its Contact: an empty one, and one that is no address, are 400', () => {
  for (const Contact of ['\r\n ', '"open <sip:bob@203.0.113.5>', '<sip:bob@203.0.113.5']) {
    const proxy = harness()
    proxy.receive(request('REGISTER', 'sip:example.test', { Contact }))
    assert.deepEqual(kindsOf(proxy.take()), ['400'], Contact)
  }
})

describe('a response that is brought to nobody has a line in the error log, and is counted', () => {
  const good = responseTo(request('MESSAGE', bob, { Via: 'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx' }), 200)
  for (const [why, text] of [
    ['it belongs to no transaction', good],
    ['its topmost Via is not one of this server', good.replace('192.0.2.1', '192.0.2.7')],
    ['the topmost Via is not of the grammar', good.replace('SIP/2.0/UDP', 'SIP/2.0')],
    ['the topmost Via is not of the grammar', good.replace(/Via:.*\r\n/, '')],
    ['CSeq is not a number below 2^31 and a method', good.replace('CSeq: 1', 'CSeq: x')],
    ['Content-Length is there more than once', good.replace('\r\n\r\n', '\r\nContent-Length: 0\r\n\r\n')],
    ['the body is shorter than Content-Length says', good.replace('Length: 0', 'Length: 7')],
    ['the status line is not of the form version status reason', good.replace('2.0 200', '2.0 2000')],
    ['a control character is in the head', good.replace('Answered', 'a\0b')],
    ['the empty line after the headers is missing', good.replace('\r\n\r\n', '\r\n')],
  ] as const)
    test(why, () => {
      const proxy = harness()
      proxy.receive(text)
      assert.deepEqual(proxy.take(), [])
      const lines = proxy.logged.filter((line) => line.includes('a response was dropped'))
      assert.equal(lines.length, 1)
      assert.ok(lines[0]!.includes(why) && lines[0]!.includes('callId=call-1') && lines[0]!.includes('198.51.100.1'))
      assert.deepEqual([proxy.statistics.droppedResponses, proxy.statistics.discarded], [1, 1])
    })

  test('on a stream, which ends with it', () => {
    const proxy = harness()
    const source = { ...caller, transport: 'TCP', connection: '1.2' } as const
    proxy.core.receiveUnframed(Buffer.from(good, 'latin1'), 400, 'Content-Length is not a number', source)
    assert.deepEqual(proxy.take(), [])
    assert.equal(proxy.statistics.droppedResponses, 1)
    assert.match(proxy.logged.join(''), /a response was dropped response="SIP\/2.0 200 Answered" callId=call-1/)
  })

  test('at most ten lines at once and one a second: anybody may send them', () => {
    const proxy = harness()
    for (let i = 0; i < 1000; i++) proxy.receive(good)
    assert.equal(proxy.logged.length, 10)
    assert.equal(proxy.statistics.droppedResponses, 1000)
  })
})

describe('datagrams and streams are read by one reader', () => {
  const message = withLine(request('MESSAGE', bob, { Subject: 'a\r\n b' }, 'body\r\n\r\n'), 'Content-Type: text/plain')

  /** A stream of this alone: the message that it gives, `refused`, or `waits` for more. */
  function ofStream(octets: Buffer): string {
    const messages: string[] = []
    try {
      new Framer().push(
        octets,
        (one) => messages.push(one.toString('latin1')),
        () => {},
      )
    } catch (error) {
      if (messages.length === 0 && error instanceof FramingError) return 'refused'
      if (!(error instanceof FramingError)) throw error
    }
    return messages[0] ?? 'waits'
  }

  test('of 30,000 mutated messages each ends where the other says, and what one takes the other does', () => {
    const random = randomFrom(5)
    for (let i = 0; i < 30_000; i++) {
      const octets = Buffer.from(mutate(Buffer.from(message, 'latin1'), random))
      const stream = ofStream(octets)
      const datagram = parseMessage(octets)
      if (datagram?.kind === 'request') {
        const text = octets.toString('latin1')
        const at = text.indexOf(datagram.text)
        // A stream needs the length that a datagram may go without.
        const expected =
          contentLengthOf(datagram.text.slice(0, datagram.bodyStart)) === undefined ? 'refused' : datagram.text
        assert.equal(stream, expected, JSON.stringify(text))
        assert.ok(at >= 0)
      } else if (stream !== 'refused' && stream !== 'waits') {
        // Its head and length are good; what is wrong is in it, and the same for both.
        assert.equal(parseMessage(Buffer.from(stream, 'latin1'))?.kind, datagram?.kind)
      }
    }
  })

  test('a head that comes octet by octet ends where that in one piece does', () => {
    const framer = new Framer()
    const messages: string[] = []
    for (const octet of Buffer.from(message + message, 'latin1'))
      framer.push(
        Buffer.of(octet),
        (one) => messages.push(one.toString('latin1')),
        () => {},
      )
    assert.deepEqual(messages, [message, message])
  })
})
