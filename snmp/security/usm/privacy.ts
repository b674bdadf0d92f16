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
  return { parameters, data: encryptCfb(key, aesIv(boots, time, parameters), plain) }
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

/** What is kept with a key, for making a cipher costs more than the few blocks of a message do. */
interface AesCiphers {
  /** AES without a mode. */
  readonly blocks: Cipher
  /** CFB128 over all that was ever encrypted with the key, in whole blocks. */
  readonly stream: Cipher
  /** The last block that `stream` gave, which its next one depends on. */
  readonly last: Buffer
}

const ciphersOfKeys = new WeakMap<Uint8Array, AesCiphers>()
const blockLength = 16
let scratch = Buffer.allocUnsafeSlow(2048)

function ciphersOf(key: Uint8Array): AesCiphers {
  let ciphers = ciphersOfKeys.get(key)
  if (!ciphers) {
    const name = `aes-${key.length * 8}`
    const last = Buffer.alloc(blockLength)
    ciphers = {
      blocks: createCipheriv(`${name}-ecb`, key, null).setAutoPadding(false),
      stream: createCipheriv(`${name}-cfb`, key, last),
      last,
    }
    ciphersOfKeys.set(key, ciphers)
  }
  return ciphers
}

/** Room for blocks before they are encrypted or decrypted, good until the next call. */
function roomForBlocks(octets: number): Buffer {
  if (scratch.length < octets) scratch = Buffer.allocUnsafeSlow(octets * 2)
  return scratch
}

function wholeBlocks(octets: number): number {
  return Math.ceil(octets / blockLength) * blockLength
}

/**
 * CFB128 by a stream that never ends. Each block of it is what was to be encrypted, exclusive or with the encryption of the block
 * before; so a first block is put in that comes out as the initialization vector, and what follows is encrypted as if the
 * stream had begun there.
 */
function encryptCfb(key: Uint8Array, iv: Uint8Array, plain: Uint8Array): Uint8Array {
  const { blocks, stream, last } = ciphersOf(key)
  const padded = wholeBlocks(plain.length)
  const room = roomForBlocks(blockLength + padded)
  const keyStream = blocks.update(last)
  for (let i = 0; i < blockLength; i++) room[i] = (keyStream[i] ?? 0) ^ (iv[i] ?? 0)
  room.set(plain, blockLength)
  room.fill(0, blockLength + plain.length, blockLength + padded)
  const octets = stream.update(room.subarray(0, blockLength + padded))
  octets.copy(last, 0, padded)
  return octets.subarray(blockLength, blockLength + plain.length)
}

/**
 * CFB128 the other way: every block of the key stream is the encryption of the block of ciphertext before it, and all
 * of those are at hand, so that one call gives the whole stream (NIST SP 800-38A §6.3).
 */
function decryptCfb(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  const { blocks } = ciphersOf(key)
  const streamLength = wholeBlocks(data.length)
  const room = roomForBlocks(blockLength + streamLength)
  room.set(iv, 0)
  room.set(data, blockLength)
  const stream = blocks.update(room.subarray(0, streamLength))
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
