/** Ed25519 keys and signatures: who made a set, so that nothing else is restored. */
import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'

/** As ssh-keygen -l prints fingerprints. */
export function fingerprintOf(key: KeyObject): string {
  const digest = createHash('sha256').update(octetsOfKey(key)).digest('base64')
  return `SHA256:${digest.replace(/=+$/, '')}`
}

/** The public key as one line of text. */
export function textOfKey(key: KeyObject): string {
  return octetsOfKey(key).toString('base64')
}

/** Throws where the text is no key of Ed25519. */
export function keyOfText(text: string): KeyObject {
  const key = createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' })
  if (key.asymmetricKeyType !== 'ed25519' || textOfKey(key) !== text) throw new Error('expected a key of Ed25519')
  return key
}

function octetsOfKey(key: KeyObject): Buffer {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  return publicKey.export({ format: 'der', type: 'spki' })
}

export function signOctets(octets: Buffer, key: KeyObject): string {
  return sign(undefined, octets, key).toString('base64')
}

/** False also where the same signature is written in another way. */
export function isSignedBy(octets: Buffer, signature: string, key: KeyObject): boolean {
  const decoded = Buffer.from(signature, 'base64')
  return decoded.toString('base64') === signature && verify(undefined, octets, key, decoded)
}
