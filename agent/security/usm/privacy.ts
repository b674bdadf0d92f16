/** Encryption of scoped PDUs: CBC-DES (RFC 3414 §8) and CFB128-AES (RFC 3826 §3). */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { PrivProtocol } from './protocols.ts'

export interface EngineTime {
  readonly boots: number
  readonly time: number
}

export interface Encrypted {
  readonly parameters: Uint8Array
  readonly data: Uint8Array
}

/** A salt never used twice with one key: it starts at random and grows. RFC 3826 §3.1.2.1. */
let salt = randomBytes(8).readBigUInt64BE()

export function encrypt(
  protocol: PrivProtocol,
  key: Uint8Array,
  { boots, time }: EngineTime,
  plain: Uint8Array,
): Encrypted {
  salt = (salt + 1n) & 0xffff_ffff_ffff_ffffn
  const parameters = Buffer.alloc(8)
  if (protocol.cipher === 'des') {
    // §8.1.1.1: the engine's boots and a counter of our own.
    parameters.writeUInt32BE(boots, 0)
    parameters.writeUInt32BE(Number(salt & 0xffff_ffffn), 4)
    const padded = Buffer.concat([plain, Buffer.alloc((8 - (plain.length % 8)) % 8)])
    const cipher = createCipheriv('des-ede3-cbc', tripled(key), desIv(key, parameters)).setAutoPadding(false)
    return { parameters, data: Buffer.concat([cipher.update(padded), cipher.final()]) }
  }
  parameters.writeBigUInt64BE(salt)
  const cipher = createCipheriv(aes(key), key, aesIv(boots, time, parameters))
  return { parameters, data: Buffer.concat([cipher.update(plain), cipher.final()]) }
}

/** Undefined for what cannot have been encrypted by this protocol: §8.3.2, RFC 3826 §3.3.2 step 2. */
export function decrypt(
  protocol: PrivProtocol,
  key: Uint8Array,
  { boots, time }: EngineTime,
  { parameters, data }: Encrypted,
): Uint8Array | undefined {
  if (parameters.length !== 8) return undefined
  if (protocol.cipher === 'des') {
    if (data.length === 0 || data.length % 8 !== 0) return undefined
    const decipher = createDecipheriv('des-ede3-cbc', tripled(key), desIv(key, parameters)).setAutoPadding(false)
    return Buffer.concat([decipher.update(data), decipher.final()])
  }
  const decipher = createDecipheriv(aes(key), key, aesIv(boots, time, parameters))
  return Buffer.concat([decipher.update(data), decipher.final()])
}

/** OpenSSL 3 has no DES; three times the same key makes triple DES of it. */
function tripled(key: Uint8Array): Uint8Array {
  const des = key.subarray(0, 8)
  return Buffer.concat([des, des, des])
}

/** The last eight octets of the key are the pre-IV. */
function desIv(key: Uint8Array, parameters: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: 8 }, (_, i) => key[8 + i]! ^ parameters[i]!)
}

function aesIv(boots: number, time: number, parameters: Uint8Array): Uint8Array {
  const iv = Buffer.alloc(16)
  iv.writeUInt32BE(boots, 0)
  iv.writeUInt32BE(time, 4)
  iv.set(parameters, 8)
  return iv
}

function aes(key: Uint8Array): string {
  return `aes-${key.length * 8}-cfb`
}
