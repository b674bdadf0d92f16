import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Framer } from '../../sipd/transport/framer.ts'
import { carriers } from './corpus/carriers.ts'
import { type CorpusResponse, sip } from './corpus/corpus.ts'
import { devices } from './corpus/devices.ts'
import { phones } from './corpus/phones.ts'
import { registrations } from './corpus/registrations.ts'
import { responses } from './corpus/responses.ts'
import { servers } from './corpus/servers.ts'
import { caller, type Harness, harness, kindOf, request, type Sent } from './proxy-support.ts'

/** As it is when it is read from a socket, once as a datagram and once out of a stream. */
const ways: readonly (readonly [string, (octets: Buffer) => Buffer])[] = [
  ['as a datagram', (octets) => octets],
  ['out of a stream', framed],
]

function framed(octets: Buffer): Buffer {
  const messages: Buffer[] = []
  const framer = new Framer()
  for (let at = 0; at < octets.length; at += 100)
    framer.push(
      octets.subarray(at, at + 100),
      (one) => messages.push(Buffer.from(one)),
      () => {},
    )
  assert.equal(messages.length, 1)
  return messages[0]!
}

async function outcomeOf(octets: Buffer): Promise<readonly [Sent[], Harness]> {
  const proxy = harness({ lookup: async () => ['203.0.113.9'] })
  proxy.core.receive(octets, caller)
  await new Promise((resolve) => setImmediate(resolve))
  return [proxy.take().filter((sent) => kindOf(sent) !== '100'), proxy]
}

/** The lines of a head, each with the lines that go on with it; without the start line. */
function linesOf(text: string): string[] {
  const head = text.slice(text.indexOf('\r\n') + 2, text.indexOf('\r\n\r\n'))
  return head === '' ? [] : head.split(/\r\n(?![ \t])/)
}

function bodyOf(text: string): string {
  return text.slice(text.indexOf('\r\n\r\n') + 4)
}

const isVia = (line: string) => /^(?:via|v)[ \t]*:/i.test(line)

/** Of the lines that a proxy forwards, those that are not its own (RFC 3261 §16.6): in their order. */
function notOurs(text: string): string[] {
  let vias = 0
  return linesOf(text).filter((line) => {
    if (isVia(line)) return ++vias > 1
    return !/^(?:max-forwards|max-breadth|route|content-length|l)[ \t]*:/i.test(line)
  })
}

/** What was sent on, without what this proxy put before it. */
function forwarded(text: string): string[] {
  const lines = linesOf(text)
  const ours = lines.findIndex(isVia)
  assert.match(lines[ours]!, /^Via: SIP\/2\.0\/\w+ 192\.0\.2\.1:506\d;branch=z9hG4bKc1\./)
  // Its own Record-Route stands before its own Via.
  const rest = lines.slice(ours + 1)
  return notOurs(`\r\n${rest.join('\r\n')}\r\n\r\n`)
}

describe('messages of real phones, gateways and carriers', () => {
  for (const message of [...phones, ...devices, ...servers, ...carriers])
    for (const [way, through] of ways) {
      if (message.isOfDatagrams && through === framed) continue
      const { of, verdict } = message
      const octets = Buffer.from(message.text, 'utf8')
      if (verdict === 'passes')
        test(`${of}: passes ${way}, and keeps every line that is not the proxy's own`, async () => {
          const [sent] = await outcomeOf(through(octets))
          assert.equal(sent.length, 1)
          const [out] = sent
          const text = octets.toString('latin1')
          assert.ok(!out!.text.startsWith('SIP/2.0'), out!.text)
          assert.deepEqual(forwarded(out!.text), notOurs(text))
          assert.equal(bodyOf(out!.text), bodyOf(text))
        })
      else
        test(`${of}: ${verdict[0]} ${way}, for ${verdict[1]}`, async () => {
          const [sent] = await outcomeOf(through(octets))
          assert.deepEqual(sent.map(kindOf), [String(verdict[0])])
        })
    }

  for (const message of registrations)
    for (const [way, through] of ways)
      test(`${message.of}: a REGISTER is ${message.verdict === 'passes' ? 'accepted' : message.verdict[0]} ${way}`, async () => {
        const [sent] = await outcomeOf(through(Buffer.from(message.text, 'utf8')))
        assert.deepEqual(sent.map(kindOf), [message.verdict === 'passes' ? '200' : String(message.verdict[0])])
      })
})

describe('responses of real phones, gateways and carriers', () => {
  const before = [
    'From: "Ann" <sip:ann@example.test>;tag=ann',
    'To: <sip:bob@203.0.113.5>;tag=bob',
    'Call-ID: call-1',
    'CSeq: 1 INVITE',
  ]

  const responseOf = ({ startLine, lines, body = '' }: CorpusResponse, asked: Sent): Buffer => {
    const vias = linesOf(asked.text).filter(isVia)
    return Buffer.from(
      sip([startLine, ...vias, ...before, ...lines, 'Content-Length: LENGTH'].join('\n'), body),
      'utf8',
    )
  }

  for (const response of responses)
    for (const [way, through] of ways)
      test(`${response.of}: is brought back ${way}, octet for octet`, async () => {
        const proxy = harness({ policy: { recursive: false } })
        proxy.receive(request('INVITE', 'sip:bob@203.0.113.5'))
        const out = proxy.take().at(-1)!
        const octets = responseOf(response, out)
        proxy.core.receive(through(octets), out.hop)
        const back = proxy.take().find(({ text }) => text.startsWith('SIP/2.0'))
        const text = octets.toString('latin1')
        const [ours] = linesOf(text).filter(isVia)
        assert.equal(back!.text, text.replace(`${ours}\r\n`, ''))
        assert.equal(proxy.statistics.droppedResponses, 0)
      })
})

test('there are at least sixty of them, and no two are the same', () => {
  const all = [...phones, ...devices, ...servers, ...carriers, ...registrations]
  assert.ok(all.length >= 60)
  assert.equal(new Set([...all, ...responses].map(({ of }) => of)).size, all.length + responses.length)
})

test('they have nobody in them: the addresses of URIs and Vias are for documentation (RFC 5737), or private', () => {
  for (const { text, of } of [...phones, ...devices, ...servers, ...carriers, ...registrations])
    for (const [, address] of text.matchAll(/(?:@|\/(?:UDP|TCP|TLS) |sip:)(\d+\.\d+\.\d+\.\d+)/g))
      assert.match(address!, /^(?:192\.0\.2|198\.51\.100|203\.0\.113|192\.168)\./, of)
})
