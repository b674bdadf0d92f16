/** The digest of a whole message, with its own place in it zeroed: RFC 3414 §6.3, RFC 7860 §4.2. */
import { hash, timingSafeEqual } from 'node:crypto'
import type { AuthProtocol } from './protocols.ts'

/** Computes the digest over a message whose digest field lies at `at`, and writes it there. */
export function sign(protocol: AuthProtocol, key: Uint8Array, message: Uint8Array, at: number): void {
  message.fill(0, at, at + protocol.digestLength)
  const due = hmac(protocol, key, message)
  for (let i = 0; i < protocol.digestLength; i++) message[at + i] = due[i]!
}

const given = new Uint8Array(64)

/** Whether the digest that stands at `at` is that of the message; the message is the same afterwards. */
export function isGenuine(
  protocol: AuthProtocol,
  key: Uint8Array,
  message: Uint8Array,
  at: number,
  length: number,
): boolean {
  if (length !== protocol.digestLength) return false
  for (let i = 0; i < length; i++) {
    given[i] = message[at + i]!
    message[at + i] = 0
  }
  const due = hmac(protocol, key, message)
  for (let i = 0; i < length; i++) message[at + i] = given[i]!
  return timingSafeEqual(given.subarray(0, length), due.subarray(0, length))
}

/** A key as HMAC uses it: exclusive or with its inner and outer pad, each a block (RFC 2104 §2). */
interface Pads {
  readonly inner: Uint8Array
  /** With room behind it for the inner digest. */
  readonly outer: Uint8Array
}

const padsOfKeys = new WeakMap<Uint8Array, Pads>()
let scratch = Buffer.allocUnsafeSlow(2048)
const digest = new Uint8Array(64)

/**
 * HMAC by two one-shot hashes: a third less than createHmac, and nothing native is left for the collector. Digests come as
 * strings, which takes half as long as a Buffer for each. The result is good until the next call.
 */
function hmac({ hash: name, blockLength }: AuthProtocol, key: Uint8Array, message: Uint8Array): Uint8Array {
  let pads = padsOfKeys.get(key)
  if (!pads) {
    pads = padsOf(key, blockLength)
    padsOfKeys.set(key, pads)
  }
  const end = blockLength + message.length
  if (scratch.length < end) scratch = Buffer.allocUnsafeSlow(end * 2)
  scratch.set(pads.inner, 0)
  scratch.set(message, blockLength)
  writeOctets(hash(name, scratch.subarray(0, end), 'binary'), pads.outer, blockLength)
  writeOctets(hash(name, pads.outer, 'binary'), digest, 0)
  return digest
}

/** Of a string that has one octet in each character. */
function writeOctets(octets: string, into: Uint8Array, at: number): void {
  for (let i = 0; i < octets.length; i++) into[at + i] = octets.charCodeAt(i)
}

/** Localized keys are as long as the digest, and so never longer than a block. */
function padsOf(key: Uint8Array, blockLength: number): Pads {
  const inner = new Uint8Array(blockLength).fill(0x36)
  const outer = new Uint8Array(blockLength + key.length).fill(0x5c, 0, blockLength)
  for (let i = 0; i < key.length; i++) {
    inner[i]! ^= key[i]!
    outer[i]! ^= key[i]!
  }
  return { inner, outer }
}
