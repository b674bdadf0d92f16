import assert from 'node:assert/strict'
import { createHmac, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { isGenuine, sign } from '../../../snmp/security/usm/digest.ts'
import { changedKey, keyChangeOf } from '../../../snmp/security/usm/key-change.ts'
import { authKey, passphraseToKey, privKey } from '../../../snmp/security/usm/keys.ts'
import { decrypt, encrypt } from '../../../snmp/security/usm/privacy.ts'
import { authProtocols, privProtocols } from '../../../snmp/security/usm/protocols.ts'

const engineId = Buffer.from('000000000000000000000002', 'hex')
const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex')
const auth = (name: string) => authProtocols.find((protocol) => protocol.name === name)!
const priv = (name: string) => privProtocols.find((protocol) => protocol.name === name)!

test('the keys of RFC 3414 appendix A.3.1 and A.3.2 come out', () => {
  assert.equal(hex(passphraseToKey(auth('MD5'), 'maplesyrup')), '9faf3283884e92834ebc9847d8edd963')
  assert.equal(hex(authKey(auth('MD5'), 'maplesyrup', engineId)), '526f5eed9fcce26f8964c2930787d82b')
  assert.equal(hex(passphraseToKey(auth('SHA'), 'maplesyrup')), '9fb5cc0381497b3793528939ff788d5d79145211')
  assert.equal(hex(authKey(auth('SHA'), 'maplesyrup', engineId)), '6695febc9288e36282235fc7151f128497b38f3f')
})

test('the new key of RFC 3414 appendix A.5 comes out', () => {
  assert.equal(hex(authKey(auth('MD5'), 'newsyrup', engineId)), '87021d7bd9d101ba05ea6e3bf9d9bd4a')
})

test('a passphrase of less than eight octets is refused', () => {
  assert.throws(() => passphraseToKey(auth('SHA'), 'seven77'), /at least 8 octets/)
})

for (const protocol of privProtocols) {
  test(`${protocol.name} gives back what it encrypted, and something else with another key or salt`, () => {
    const key = privKey(auth('SHA'), protocol, 'maplesyrup', engineId)
    const other = privKey(auth('SHA'), protocol, 'maplesyrop', engineId)
    const time = { boots: 7, time: 123_456 }
    const plain = Buffer.from('a scoped PDU of some length')
    const encrypted = encrypt(protocol, key, time, plain)
    assert.notDeepEqual(encrypt(protocol, key, time, plain).parameters, encrypted.parameters, 'a salt is used once')
    assert.equal(key.length, protocol.keyLength)
    const decrypted = decrypt(protocol, key, time, encrypted)!
    assert.deepEqual(Buffer.from(decrypted).subarray(0, plain.length), plain)
    assert.notDeepEqual(Buffer.from(decrypt(protocol, other, time, encrypted)!).subarray(0, plain.length), plain)
    assert.equal(decrypt(protocol, key, time, { ...encrypted, parameters: new Uint8Array(7) }), undefined)
  })
}

test('the two ways to lengthen a key differ, and begin with the same localized key', () => {
  const blumenthal = privKey(auth('SHA'), priv('AES-256'), 'maplesyrup', engineId)
  const reeder = privKey(auth('SHA'), priv('AES-256-C'), 'maplesyrup', engineId)
  assert.equal(hex(blumenthal).slice(0, 40), hex(reeder).slice(0, 40))
  assert.notEqual(hex(blumenthal), hex(reeder))
})

for (const protocol of authProtocols) {
  test(`${protocol.name}: a signed message is genuine, with any bit flipped it is not`, () => {
    const key = authKey(protocol, 'maplesyrup', engineId)
    const message = Buffer.from(Array.from({ length: 120 }, (_, i) => i)) // as datagrams come
    sign(protocol, key, message, 30)
    assert.equal(isGenuine(protocol, key, message, 30, protocol.digestLength), true)
    assert.equal(isGenuine(protocol, key, message, 30, protocol.digestLength - 1), false, 'a shorter digest')
    assert.equal(isGenuine(protocol, key, message, 30, 0), false, 'no digest')
    for (let bit = 0; bit < message.length * 8; bit += 7) {
      message[bit >> 3]! ^= 1 << (bit & 7)
      assert.equal(isGenuine(protocol, key, message, 30, protocol.digestLength), false)
      message[bit >> 3]! ^= 1 << (bit & 7)
    }
  })
}

for (const protocol of authProtocols) {
  test(`${protocol.name}: the digest is the HMAC of RFC 2104, truncated as its RFC says, for messages of any length`, () => {
    const key = randomBytes(protocol.keyLength)
    for (const length of [64, 100, 1472, 5000, 65_507]) {
      const message = randomBytes(length)
      const at = 8
      sign(protocol, key, message, at)
      const zeroed = Buffer.from(message).fill(0, at, at + protocol.digestLength)
      const due = createHmac(protocol.hash, key).update(zeroed).digest().subarray(0, protocol.digestLength)
      assert.deepEqual(message.subarray(at, at + protocol.digestLength), due)
    }
  })
}

test('a key change leads from the old key to the new one, of whatever length, and to another from another key', () => {
  for (const protocol of authProtocols) {
    for (const length of [16, 24, 32, protocol.keyLength]) {
      const [oldKey, newKey] = [randomBytes(length), randomBytes(length)]
      const value = keyChangeOf(protocol, oldKey, newKey)
      assert.equal(value.length, 2 * length)
      assert.deepEqual(Buffer.from(changedKey(protocol, oldKey, value)!), newKey)
      assert.notDeepEqual(Buffer.from(changedKey(protocol, randomBytes(length), value)!), newKey)
      assert.equal(changedKey(protocol, oldKey, value.subarray(1)), undefined)
    }
  }
})
