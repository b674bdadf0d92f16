/** KeyChange, RFC 3414 §5: a new key given as octets of chance and a difference, of use only to who knows the old one. */
import { createHash, randomBytes } from 'node:crypto'
import type { AuthProtocol } from './protocols.ts'

/** The new key, or undefined when the value does not have twice the key's length. */
export function changedKey({ hash }: AuthProtocol, oldKey: Uint8Array, keyChange: Uint8Array): Uint8Array | undefined {
  if (keyChange.length !== 2 * oldKey.length) return undefined
  const random = keyChange.subarray(0, oldKey.length)
  return combine(hash, oldKey, random, keyChange.subarray(oldKey.length))
}

/** What a manager sends to change a key to another of the same length. */
export function keyChangeOf({ hash }: AuthProtocol, oldKey: Uint8Array, newKey: Uint8Array): Uint8Array {
  const random = randomBytes(newKey.length)
  return Buffer.concat([random, combine(hash, oldKey, random, newKey)])
}

/** Exclusive or of octets with a stream made of the old key and the octets of chance: the same both ways. */
function combine(hash: string, oldKey: Uint8Array, random: Uint8Array, octets: Uint8Array): Uint8Array {
  const result = new Uint8Array(octets.length)
  let stream: Uint8Array = oldKey
  for (let at = 0; at < octets.length; at += stream.length) {
    stream = createHash(hash).update(stream).update(random).digest()
    for (let i = 0; i < stream.length && at + i < octets.length; i++) result[at + i] = octets[at + i]! ^ stream[i]!
  }
  return result
}
