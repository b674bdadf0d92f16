/** The digest of a whole message, with its own place in it zeroed: RFC 3414 §6.3, RFC 7860 §4.2. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { AuthProtocol } from './protocols.ts'

/** Computes the digest over a message whose digest field lies at `at`, and writes it there. */
export function sign(protocol: AuthProtocol, key: Uint8Array, message: Uint8Array, at: number): void {
  message.fill(0, at, at + protocol.digestLength)
  message.set(digest(protocol, key, message), at)
}

/** Whether the digest that stands at `at` is that of the message; the message is the same afterwards. */
export function isGenuine(
  protocol: AuthProtocol,
  key: Uint8Array,
  message: Uint8Array,
  at: number,
  length: number,
): boolean {
  if (length !== protocol.digestLength) return false
  const given = Uint8Array.from(message.subarray(at, at + length)) // a copy: slice of a Buffer would be none
  message.fill(0, at, at + length)
  const due = digest(protocol, key, message)
  message.set(given, at)
  return timingSafeEqual(given, due)
}

function digest(protocol: AuthProtocol, key: Uint8Array, message: Uint8Array): Uint8Array {
  return createHmac(protocol.hash, key).update(message).digest().subarray(0, protocol.digestLength)
}
