/** Encryption of scoped PDUs: CBC-DES (RFC 3414 §8) and CFB128-AES (RFC 3826 §3). */
import { type Cipher, createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { PrivProtocol } from './protocols.ts'

export interface EngineTime {
  readonly boots: number
  readonly time: number
}

export interface Encrypted {
  readonly parameters: Uint8Array
  readonly data: Uint8Array
}

/** Octets of msgPrivacyParameters of every protocol. */
export const saltLength = 8

/** What is encrypted is padded to a multiple of this many octets. */
export function blockLengthOf({ cipher }: PrivProtocol): number {
  return cipher === 'des' ? 8 : 1
}

/** A salt never used twice with one key: it starts at random and grows. RFC 3826 §3.1.2.1. */
const salt = new DataView(Uint8Array.from(randomBytes(8)).buffer)

function nextSalt(): void {
  const low = (salt.getUint32(4) + 1) >>> 0
  salt.setUint32(4, low)
  if (low === 0) salt.setUint32(0, (salt.getUint32(0) + 1) >>> 0)
}

export function encrypt(
  protocol: PrivProtocol,
  key: Uint8Array,
  { boots, time }: EngineTime,
  plain: Uint8Array,
): Encrypted {
  nextSalt()
  const parameters = new Uint8Array(saltLength)
  if (protocol.cipher === 'des') {
    // §8.1.1.1: the engine's boots and a counter of our own.
    const view = new DataView(parameters.buffer)
    view.setUint32(0, boots)
    view.setUint32(4, salt.getUint32(4))
    const padded = Buffer.concat([plain, Buffer.alloc((8 - (plain.length % 8)) % 8)])
    const cipher = createCipheriv('des-ede3-cbc', tripled(key), desIv(key, parameters)).setAutoPadding(false)
    return { parameters, data: Buffer.concat([cipher.update(padded), cipher.final()]) }
  }
  for (let i = 0; i < 8; i++) parameters[i] = salt.getUint8(i)
  // A stream cipher holds nothing back: there is no `final` to wait for.
  const data = createCipheriv(aes(key), key, aesIv(boots, time, parameters)).update(plain)
  return { parameters, data }
}

/** Undefined for what cannot have been encrypted by this protocol: §8.3.2, RFC 3826 §3.3.2 step 2. */
export function decrypt(
  protocol: PrivProtocol,
  key: Uint8Array,
  { boots, time }: EngineTime,
  { parameters, data }: Encrypted,
): Uint8Array | undefined {
  if (parameters.length !== saltLength) return undefined
  if (protocol.cipher === 'des') {
    if (data.length === 0 || data.length % 8 !== 0) return undefined
    const decipher = createDecipheriv('des-ede3-cbc', tripled(key), desIv(key, parameters)).setAutoPadding(false)
    return Buffer.concat([decipher.update(data), decipher.final()])
  }
  return decryptCfb(key, aesIv(boots, time, parameters), data)
}

/** AES without a mode, kept with its key: making a cipher costs more than a request's few blocks do. */
const blockCiphers = new WeakMap<Uint8Array, Cipher>()
let feedback = Buffer.allocUnsafeSlow(2048)

/**
 * CFB128 the other way: every block of the key stream is the encryption of the block of ciphertext before it, and all
 * of those are at hand, so that one call gives the whole stream (NIST SP 800-38A §6.3).
 */
function decryptCfb(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  let cipher = blockCiphers.get(key)
  if (!cipher) {
    cipher = createCipheriv(`aes-${key.length * 8}-ecb`, key, null).setAutoPadding(false)
    blockCiphers.set(key, cipher)
  }
  const streamLength = Math.ceil(data.length / 16) * 16
  if (feedback.length < streamLength + 16) feedback = Buffer.allocUnsafeSlow((streamLength + 16) * 2)
  feedback.set(iv, 0)
  feedback.set(data, 16)
  const stream = cipher.update(feedback.subarray(0, streamLength))
  for (let i = 0; i < data.length; i++) stream[i]! ^= data[i]!
  return stream.subarray(0, data.length)
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

const iv = new Uint8Array(16)
const ivView = new DataView(iv.buffer)

/** Good until the next call. */
function aesIv(boots: number, time: number, parameters: Uint8Array): Uint8Array {
  ivView.setUint32(0, boots)
  ivView.setUint32(4, time)
  iv.set(parameters, 8)
  return iv
}

function aes(key: Uint8Array): string {
  return key.length === 16 ? 'aes-128-cfb' : key.length === 24 ? 'aes-192-cfb' : 'aes-256-cfb'
}
