import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Binding, Change } from '../../sipd/location/binding.ts'
import { decodeChanges, encodeChanges } from '../../sipd/location/changes.ts'
import { bindingOf } from './location-support.ts'

const text = fc.string({ unit: 'binary' })
const anyBinding: fc.Arbitrary<Binding> = fc.record({
  contact: text,
  callId: text,
  cseq: fc.nat(2 ** 31 - 1),
  q: fc.nat(1000),
  expiresAtMs: fc.nat(2 ** 50),
  flow: fc.option(text, { nil: undefined }),
  path: fc.array(text, { maxLength: 3 }),
  userAgent: text,
  instance: text,
  features: text,
  source: text,
})
const anyChange: fc.Arbitrary<Change> = fc.tuple(text, fc.array(anyBinding, { maxLength: 4 }))

test('changes come out as they went in, whatever their texts hold', () => {
  fc.assert(
    fc.property(fc.array(anyChange), (changes) => {
      assert.deepEqual(decodeChanges(encodeChanges(changes)), plain(changes))
    }),
  )
})

test('static registrations are left out', () => {
  const fixed = bindingOf({ expiresAtMs: Number.POSITIVE_INFINITY })
  const phone = bindingOf()
  assert.deepEqual(decodeChanges(encodeChanges([['sip:a@h', [fixed, phone]]])), [['sip:a@h', [phone]]])
})

test('a batch with any field missing, added or of another type is refused', () => {
  const fields = JSON.parse(encodeChanges([['sip:a@h', [bindingOf({ flow: 'f', path: ['p'] })]]])) as unknown[]
  assert.equal(fields.length, 13)
  for (let at = 0; at < fields.length; at++) {
    for (const other of [true, {}, -1, 1.5, [1]]) {
      if (at === 6 && typeof other === 'number') continue // A time may be any number.
      const broken = JSON.stringify(fields.with(at, other))
      assert.throws(() => decodeChanges(broken), /cannot be read: field \d+ must be/, broken)
    }
    assert.throws(() => decodeChanges(JSON.stringify(fields.toSpliced(at, 1))), /cannot be read/)
  }
  assert.throws(() => decodeChanges(JSON.stringify([...fields, 'sip:b@h'])), /field 14/)
  assert.throws(() => decodeChanges(JSON.stringify([...fields, 'sip:b@h', 1])), /field 14/)
  assert.throws(() => decodeChanges('[1'), /cannot be read/)
  assert.throws(() => decodeChanges('{}'), /expected an array/)
})

/** fast-check's records may be without a prototype. */
function plain(changes: readonly Change[]): Change[] {
  return changes.map(([user, bindings]) => [user, bindings.map((binding) => ({ ...binding }))])
}
