import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Framer, FramingError, maxBodyOctets } from '../../sipd/transport/framer.ts'
import { request } from './proxy-support.ts'

function framer() {
  const framing = new Framer()
  const messages: string[] = []
  let pings = 0
  const push = (text: string): void =>
    framing.push(
      Buffer.from(text, 'latin1'),
      (octets) => messages.push(octets.toString('latin1')),
      () => pings++,
    )
  return { framing, messages, push, pings: () => pings }
}

const one = request('MESSAGE', 'sip:bob@example.test', {}, 'hello\xff\r\n\r\nMESSAGE')
const two = request('OPTIONS', 'sip:example.test')

test('messages are the same in one chunk, in many and octet by octet (RFC 3261 §18.3)', () => {
  const stream = one + two + one
  for (const size of [stream.length, 100, 7, 1]) {
    const { push, messages, framing } = framer()
    for (let at = 0; at < stream.length; at += size) push(stream.slice(at, at + size))
    assert.deepEqual(messages, [one, two, one], `in chunks of ${size}`)
    assert.equal(framing.isPartial, false)
  }
})

test('empty lines between messages are passed over, and every two of them are a ping, however they arrive (RFC 5626 §3.5.1)', () => {
  for (const pieces of [['\r\n\r\n'], ['\r\n', '\r\n'], ['\r', '\n\r', '\n']]) {
    const { push, messages, pings } = framer()
    for (const piece of pieces) push(piece)
    assert.equal(pings(), 1)
    push(`\r\n${two}\r\n`)
    push(`\r\n${one}`)
    assert.deepEqual(messages, [two, one])
    assert.equal(pings(), 2, 'one line before a message is none')
  }
})

test('Content-Length is read in its compact form, in any case and folded (§7.3)', () => {
  for (const name of ['l: 5', 'CONTENT-length :5', 'Content-Length:\r\n 5']) {
    const { push, messages } = framer()
    const message = two.replace('Content-Length: 0', name)
    push(`${message}hello${two}`)
    assert.deepEqual(messages, [`${message}hello`, two])
  }
})

for (const [what, text, status] of [
  ['without Content-Length', two.replace(/Content-Length.*\r\n/, ''), 400],
  ['with two', two.replace('Content-Length: 0', 'Content-Length: 0\r\nl: 0'), 400],
  ['with a length that is no number', two.replace('Content-Length: 0', 'Content-Length: +1'), 400],
  ['with a body beyond the limit', two.replace('Content-Length: 0', `Content-Length: ${maxBodyOctets + 1}`), 413],
  ['whose headers have no end', `OPTIONS sip:a SIP/2.0\r\nX: ${'x'.repeat(40_000)}`, 413],
] as const) {
  test(`a message ${what} ends the stream, for nobody knows where the next one begins`, () => {
    const { push, messages } = framer()
    assert.throws(
      () => push(text),
      (error) => error instanceof FramingError && error.status === status,
    )
    assert.deepEqual(messages, [])
  })
}

test('a large body that comes in chunks is kept as it came, and takes no more memory than its octets', () => {
  const { framing, messages } = framer()
  const head = Buffer.from(two.replace('Content-Length: 0', 'Content-Length: 250000'), 'latin1')
  let sent = 0
  const push = (text: Buffer): void => {
    // The memory of a socket's chunk is its own.
    const chunk = Buffer.allocUnsafeSlow(text.length)
    text.copy(chunk)
    sent += chunk.length
    framing.push(
      chunk,
      (octets) => messages.push(octets.toString('latin1')),
      () => {},
    )
    assert.ok(framing.heldOctets <= sent, `${framing.heldOctets} octets for ${sent}`)
  }
  push(Buffer.concat([head, Buffer.alloc(60_000, 'a')]))
  for (const letter of 'bcd') push(Buffer.alloc(60_000, letter))
  assert.equal(framing.isPartial, true)
  push(Buffer.concat([Buffer.alloc(10_000, 'e'), Buffer.from(one, 'latin1')]))
  const body = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(60_000)).join('') + 'e'.repeat(10_000)
  assert.deepEqual(messages, [head.toString('latin1') + body, one])
  assert.equal(framing.heldOctets, 0)
})

test('a body of small and large chunks in turn arrives whole', () => {
  const { push, messages, framing } = framer()
  const body = Array.from({ length: 100 }, (_, i) => String.fromCharCode(97 + (i % 26)).repeat(i % 3 === 0 ? 5000 : 7))
  const head = two.replace('Content-Length: 0', `Content-Length: ${body.join('').length}`)
  push(head)
  for (const piece of body) {
    push(piece)
    assert.ok(framing.heldOctets <= 2 * (head.length + body.join('').length))
  }
  assert.deepEqual(messages, [head + body.join('')])
  assert.equal(framing.isPartial, false)
})

test('NUL between messages is a keep-alive of some phones: nothing is due for it, and the next message is whole', () => {
  const { framing, messages } = framer()
  let pings = 0
  const push = (text: string): void =>
    framing.push(
      Buffer.from(text, 'latin1'),
      (octets) => messages.push(octets.toString('latin1')),
      () => pings++,
    )
  push(`\0\0\0\0${one}\0`)
  push(`\0\r\n\0\r\n${two}`)
  assert.deepEqual([messages, pings], [[one, two], 1])
  assert.equal(framing.isPartial, false)
})

test('a request of another protocol ends its connection when its head has come, whatever it says of its body', () => {
  for (const text of [
    'POST / HTTP/1.1\r\nHost: example.test\r\nContent-Length: 5\r\n\r\n',
    'GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n',
  ]) {
    const { push, messages } = framer()
    assert.throws(() => push(text), /not one of SIP/)
    assert.deepEqual(messages, [])
  }
})
