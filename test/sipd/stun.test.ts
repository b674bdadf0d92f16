import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { answerStun, isStun } from '../../sipd/transport/stun.ts'

/** Written down from RFC 5769 §2.1 and its answers of §2.2 and §2.3: the transaction is theirs, the attributes are those of a keep-alive. */
const transaction = 'b7e7a701bc34d686fa87dfae'
const request = (attributes = ''): Buffer => {
  const length = (attributes.length / 2).toString(16).padStart(4, '0')
  return Buffer.from(`0001${length}2112a442${transaction}${attributes}`, 'hex')
}
const v4 = { address: '192.0.2.1', port: 32853 }
const v6 = { address: '2001:db8:1234:5678:11:2233:4455:6677', port: 32853 }

describe('a STUN keep-alive over UDP (RFC 5626 §3.5.2)', () => {
  test('gets the address that it came from, as RFC 5769 has it', () => {
    const [four, six] = [v4, v6].map((source) => answerStun(request(), source)?.toString('hex'))
    assert.equal(four, `0101000c2112a442${transaction}002000080001a147e112a643`)
    assert.equal(six, `010100182112a442${transaction}002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9`)
  })

  test('with SOFTWARE, FINGERPRINT and credentials is answered alike; with an attribute that is not known by 420', () => {
    for (const attributes of ['8022000474657374', '80280004e57a3bcf', '00060003616263' + '00'])
      assert.equal(answerStun(request(attributes), v4)?.readUInt16BE(0), 0x0101)
    const refusal = answerStun(request('0003000400000006'), v4)
    assert.equal(refusal?.readUInt16BE(0), 0x0111)
    assert.ok(refusal?.includes(Buffer.from([0, 0, 4, 20])))
    assert.ok(refusal?.includes(Buffer.from('000a00020003', 'hex')))
  })

  test('that is cut short, is no request or has another cookie gets no answer', () => {
    const whole = request('8022000474657374')
    const indication = Buffer.from(whole)
    indication[1] = 0x11
    const longer = Buffer.concat([whole, Buffer.alloc(4)])
    const beyond = request('8022ffff74657374')
    for (const octets of [whole.subarray(0, 24), indication, longer, beyond])
      assert.equal(answerStun(octets, v4), undefined)
    const old = Buffer.from(whole)
    old[4] = 0
    assert.equal(isStun(old), false)
    for (const text of ['OPTIONS sip:example.test SIP/2.0', '\r\n\r\n', '\0\0\0\0', ''])
      assert.equal(isStun(Buffer.from(text)), false)
    assert.equal(isStun(whole), true)
  })
})
