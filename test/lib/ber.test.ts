import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DecodeError } from '../../lib/ber/decode-error.ts'
import { BerReader } from '../../lib/ber/reader.ts'
import { BerWriter } from '../../lib/ber/writer.ts'
import type { SnmpValue } from '../../lib/smi/value.ts'
import { encodeRequest } from '../../snmp/manager/messages.ts'
import { decodeCommunityMessage } from '../../snmp/message/community-message.ts'

const oid = fc
  .tuple(
    fc.integer({ min: 0, max: 1 }),
    fc.integer({ min: 0, max: 39 }),
    fc.array(fc.integer({ min: 0, max: 0xffff_ffff }), { maxLength: 126 }),
  )
  .map(([first, second, rest]) => [first, second, ...rest])
const unsigned = fc.integer({ min: 0, max: 0xffff_ffff })
const value: fc.Arbitrary<SnmpValue> = fc.oneof(
  fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }).map((number) => ({ type: 'Integer32' as const, value: number })),
  unsigned.map((number) => ({ type: 'Counter32' as const, value: number })),
  unsigned.map((number) => ({ type: 'Gauge32' as const, value: number })),
  unsigned.map((number) => ({ type: 'TimeTicks' as const, value: number })),
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map((number) => ({ type: 'Counter64' as const, value: number })),
  fc.uint8Array({ maxLength: 400 }).map((octets) => ({ type: 'OctetString' as const, value: octets })),
  fc.uint8Array({ minLength: 4, maxLength: 4 }).map((octets) => ({ type: 'IpAddress' as const, value: octets })),
  fc.uint8Array({ maxLength: 40 }).map((octets) => ({ type: 'Opaque' as const, value: octets })),
  oid.map((ids) => ({ type: 'ObjectIdentifier' as const, value: ids })),
  fc.constantFrom<SnmpValue>(
    { type: 'Null' },
    { type: 'noSuchObject' },
    { type: 'noSuchInstance' },
    { type: 'endOfMibView' },
  ),
)

test('every value that SNMP has is the same after encoding and decoding', () => {
  fc.assert(
    fc.property(value, (given) => {
      const out = new BerWriter(8)
      out.value(given)
      const reader = new BerReader().reset(out.take())
      assert.deepEqual(reader.value(), given)
      assert.equal(reader.position, out.position)
    }),
  )
})

test('a whole message is the same after encoding and decoding', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ name: oid, value }, { noNullPrototype: true }), { maxLength: 20 }),
      unsigned,
      (varbinds, number) => {
        const requestId = number >> 1
        const message = decodeCommunityMessage(
          encodeRequest('v2c', 'secret', { type: 'setRequest', requestId, varbinds }),
        )
        assert.deepEqual(message.varbinds, varbinds)
        assert.equal(message.requestId, requestId)
      },
    ),
  )
})

const sample = encodeRequest('v2c', 'public', {
  type: 'setRequest',
  requestId: 0x1234_5678,
  varbinds: [
    { name: [1, 3, 6, 1, 2, 1, 1, 4, 0], value: { type: 'OctetString', value: Buffer.from('somebody') } },
    { name: [1, 3, 6, 1, 4, 1, 0xffff_ffff], value: { type: 'Counter64', value: 1n << 63n } },
    { name: [2, 100, 3], value: { type: 'ObjectIdentifier', value: [0, 0] } },
  ],
})

/** Decodes, or throws DecodeError; anything else is what the test is about. */
function decodesOrRefuses(bytes: Uint8Array): 'decoded' | 'refused' {
  try {
    decodeCommunityMessage(bytes)
    return 'decoded'
  } catch (error) {
    assert.ok(error instanceof DecodeError, String(error))
    return 'refused'
  }
}

test('every truncation of a valid message is refused with DecodeError', () => {
  for (let length = 0; length < sample.length; length++)
    assert.equal(decodesOrRefuses(sample.subarray(0, length)), 'refused')
})

test('every flipped bit of a valid message decodes or is refused, and nothing else', () => {
  for (let bit = 0; bit < sample.length * 8; bit++) {
    const flipped = Uint8Array.from(sample)
    flipped[bit >> 3]! ^= 0x80 >> (bit & 7)
    decodesOrRefuses(flipped)
  }
})

for (const [what, bytes] of [
  ['an indefinite length', [0x30, 0x80, 0x02, 0x01, 0x00, 0x00, 0x00]],
  ['a child that ends after its parent', [0x30, 0x03, 0x02, 0x05, 0x00]],
  ['an INTEGER of five octets', [0x30, 0x07, 0x02, 0x05, 0x01, 0x00, 0x00, 0x00, 0x00]],
  ['an empty INTEGER', [0x30, 0x02, 0x02, 0x00]],
] as const) {
  test(`${what} is refused`, () => assert.equal(decodesOrRefuses(Uint8Array.from(bytes)), 'refused'))
}

test('names keep to 128 sub-identifiers of 32 bits', () => {
  const read = (octets: number[]): unknown =>
    new BerReader().reset(Uint8Array.from([0x06, octets.length, ...octets])).oid()
  assert.deepEqual(read([0x2b, 0x8f, 0xff, 0xff, 0xff, 0x7f]), [1, 3, 0xffff_ffff])
  assert.throws(() => read([0x2b, 0x90, 0x80, 0x80, 0x80, 0x00]), DecodeError, '2^32')
  assert.throws(() => read([0x2b, 0x80, 0x01]), DecodeError, 'padding')
  assert.throws(() => read([0x2b, 0x81]), DecodeError, 'cut off')
  assert.throws(() => read([]), DecodeError, 'empty')
  const long = (count: number): Uint8Array =>
    Uint8Array.from([0x06, 0x81, count - 1, 0x2b, ...Array.from({ length: count - 2 }, () => 1)])
  assert.equal(new BerReader().reset(long(128)).oid().length, 128)
  assert.throws(() => new BerReader().reset(long(129)).oid(), DecodeError)
})
