/** Encryption of scoped PDUs with ciphers that are kept: each message is as one made by a cipher of its own. */
import assert from 'node:assert/strict'
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { decrypt, encrypt } from '../../../snmp/security/usm/privacy.ts'
import { privProtocols } from '../../../snmp/security/usm/protocols.ts'

const aesProtocols = privProtocols.filter(({ cipher }) => cipher === 'aes')
const engineTime = { boots: 7, time: 123_456 }

/** RFC 3826 §3.1.2.1: the engine's boots and time, and the salt. */
function ivOf(salt: Uint8Array): Buffer {
  const iv = Buffer.alloc(16)
  iv.writeUInt32BE(engineTime.boots, 0)
  iv.writeUInt32BE(engineTime.time, 4)
  iv.set(salt, 8)
  return iv
}

test('each message is encrypted as RFC 3826 has it, whatever the same keys encrypted before', () => {
  const users = aesProtocols.map((protocol) => ({ protocol, key: randomBytes(protocol.keyLength) }))
  assert.ok(users.length > 1)
  for (let length = 0; length < 100; length++) {
    for (const { protocol, key } of users) {
      const plain = randomBytes(length)
      const { parameters, data } = encrypt(protocol, key, engineTime, plain)
      const decipher = createDecipheriv(`aes-${key.length * 8}-cfb`, key, ivOf(parameters))
      assert.deepEqual(decipher.update(data), plain, `${protocol.name}, ${length} octets`)
      assert.equal(data.length, length)
    }
  }
})

test('what any cipher of RFC 3826 encrypted is decrypted, between messages of our own', () => {
  for (const protocol of aesProtocols) {
    const key = randomBytes(protocol.keyLength)
    for (let length = 0; length < 100; length++) {
      const plain = randomBytes(length)
      const parameters = randomBytes(8)
      const data = createCipheriv(`aes-${key.length * 8}-cfb`, key, ivOf(parameters)).update(plain)
      const decrypted = decrypt(protocol, key, engineTime, { parameters, data })
      assert.deepEqual(decrypted && Buffer.from(decrypted), plain)
      encrypt(protocol, key, engineTime, plain)
    }
  }
})
