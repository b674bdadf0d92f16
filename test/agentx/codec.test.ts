import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeHeader, decodePdu, headerLength } from '../../agentx/decode.ts'
import { AgentxWriter } from '../../agentx/encode.ts'
import { type AgentxBody, agentxFlag } from '../../agentx/pdu.ts'
import { DecodeError } from '../../lib/ber/decode-error.ts'
import type { SnmpValue } from '../../lib/smi/value.ts'
import { mutate, randomFrom } from '../support/mutate.ts'

const word = fc.integer({ min: 0, max: 0xffff_ffff })
const name = fc.oneof(
  fc.array(word, { minLength: 0, maxLength: 30 }),
  fc.array(word, { maxLength: 20 }).map((rest) => [1, 3, 6, 1, 4, ...rest]),
)
const octets = fc.uint8Array({ maxLength: 40 })
const value: fc.Arbitrary<SnmpValue> = fc.oneof(
  fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }).map((value) => ({ type: 'Integer32', value }) as const),
  word.map((value) => ({ type: 'Counter32', value }) as const),
  word.map((value) => ({ type: 'Gauge32', value }) as const),
  word.map((value) => ({ type: 'TimeTicks', value }) as const),
  fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }).map((value) => ({ type: 'Counter64', value }) as const),
  octets.map((value) => ({ type: 'OctetString', value }) as const),
  octets.map((value) => ({ type: 'Opaque', value }) as const),
  fc.uint8Array({ minLength: 4, maxLength: 4 }).map((value) => ({ type: 'IpAddress', value }) as const),
  name.filter((one) => one.length > 0).map((value) => ({ type: 'ObjectIdentifier', value }) as const),
  fc.constantFrom('Null', 'noSuchObject', 'noSuchInstance', 'endOfMibView').map((type) => ({ type }) as SnmpValue),
)
const varbinds = fc.array(fc.record({ name, value }), { maxLength: 8 })
const ranges = fc.array(fc.record({ start: name, include: fc.boolean(), end: name }), { maxLength: 8 })
const octet = fc.integer({ min: 0, max: 255 })
const half = fc.integer({ min: 0, max: 65_535 })
const body: fc.Arbitrary<AgentxBody> = fc.oneof(
  fc.record({ type: fc.constant('open' as const), timeoutSeconds: octet, id: name, description: fc.string() }),
  fc.record({ type: fc.constant('close' as const), reason: octet }),
  fc.record({
    type: fc.constantFrom('register' as const, 'unregister' as const),
    timeoutSeconds: octet,
    priority: octet,
    rangeSubid: fc.constant(0),
    subtree: name,
    upperBound: fc.constant(0),
  }),
  fc.record({ type: fc.constantFrom('get' as const, 'getNext' as const), ranges }),
  fc.record({ type: fc.constant('getBulk' as const), nonRepeaters: half, maxRepetitions: half, ranges }),
  fc.record({
    type: fc.constantFrom('testSet' as const, 'notify' as const, 'indexAllocate' as const, 'indexDeallocate' as const),
    varbinds,
  }),
  fc.record({
    type: fc.constantFrom('commitSet' as const, 'undoSet' as const, 'cleanupSet' as const, 'ping' as const),
  }),
  fc.record({ type: fc.constant('addAgentCaps' as const), id: name, description: fc.string() }),
  fc.record({ type: fc.constant('removeAgentCaps' as const), id: name }),
  fc.record({ type: fc.constant('response' as const), upTimeTicks: word, error: half, index: half, varbinds }),
)
const header = fc.record({
  flags: fc.constant(0),
  sessionId: word,
  transactionId: word,
  packetId: word,
})

function encode(head: { flags: number; sessionId: number; transactionId: number; packetId: number }, one: AgentxBody) {
  const writer = new AgentxWriter(16)
  writer.pdu(head, one)
  return writer.take()
}

function decode(bytes: Buffer) {
  const head = decodeHeader(bytes, 0)
  return decodePdu(head, bytes.subarray(headerLength, headerLength + head.payloadLength))
}

test('what is encoded is decoded the same', () => {
  fc.assert(
    fc.property(header, body, (head, one) => {
      const decoded = decode(encode(head, one))
      assert.deepEqual(JSON.parse(plain(decoded)), {
        ...JSON.parse(plain({ ...head, ...one })),
        flags: agentxFlag.networkByteOrder,
        context: '',
      })
    }),
    { numRuns: 2000 },
  )
})

const plain = (thing: object): string =>
  JSON.stringify(thing, (_, one) =>
    typeof one === 'bigint' ? `${one}n` : one instanceof Uint8Array ? Buffer.from(one).toString('hex') : one,
  )

test('octets in the order of a little-endian machine are read as what they mean (RFC 2741 §6.1)', () => {
  // A GetNext of 1.3.6.1.2.1.1 up to 1.3.6.1.2.1.2, session 7, transaction 8, packet 9.
  const bytes = Buffer.from(
    [
      '01060000',
      '07000000',
      '08000000',
      '09000000',
      '18000000',
      '02020100',
      '01000000',
      '01000000',
      '02020000',
      '01000000',
      '02000000',
    ].join(''),
    'hex',
  )
  assert.deepEqual(decode(bytes), {
    type: 'getNext',
    flags: 0,
    sessionId: 7,
    transactionId: 8,
    packetId: 9,
    context: '',
    ranges: [{ start: [1, 3, 6, 1, 2, 1, 1], include: true, end: [1, 3, 6, 1, 2, 1, 2] }],
  })
})

test('20,000 mutated PDUs are decoded or refused with DecodeError, and nothing else', () => {
  const random = randomFrom(5)
  const samples = fc
    .sample(body, { numRuns: 200, seed: 7 })
    .map((one) => encode({ flags: 0, sessionId: 1, transactionId: 2, packetId: 3 }, one))
  for (let i = 0; i < 20_000; i++) {
    const bytes = Buffer.from(mutate(samples[i % samples.length]!, random))
    if (bytes.length < headerLength) continue
    try {
      decode(bytes)
    } catch (error) {
      assert.ok(error instanceof DecodeError, String(error))
    }
  }
})
