/** From passphrases to localized keys: RFC 3414 §2.6 and appendix A.2, RFC 7860 §9. Done when a user is configured, never per packet. */
import { createHash } from 'node:crypto'
import type { AuthProtocol, PrivProtocol } from './protocols.ts'

const expandedOctets = 1_048_576
/** RFC 3414 §11.2: what is shorter is refused by all peers. */
export const shortestPassphrase = 8

/** The user's key: the digest over a megabyte of the passphrase repeated. */
export function passphraseToKey({ hash }: AuthProtocol, passphrase: string): Uint8Array {
  const octets = Buffer.from(passphrase, 'utf8')
  if (octets.length < shortestPassphrase) throw new RangeError(`a passphrase has at least ${shortestPassphrase} octets`)
  return createHash(hash).update(Buffer.alloc(expandedOctets, octets)).digest()
}

/** Kul: the user's key made good for one engine alone. */
export function localizeKey({ hash }: AuthProtocol, key: Uint8Array, engineId: Uint8Array): Uint8Array {
  return createHash(hash).update(key).update(engineId).update(key).digest()
}

export function authKey(auth: AuthProtocol, passphrase: string, engineId: Uint8Array): Uint8Array {
  return localizeKey(auth, passphraseToKey(auth, passphrase), engineId)
}

/** The privacy key, which is made with the authentication protocol's digest and may have to be made longer. */
export function privKey(auth: AuthProtocol, priv: PrivProtocol, passphrase: string, engineId: Uint8Array): Uint8Array {
  let key = authKey(auth, passphrase, engineId)
  while (key.length < priv.keyLength) {
    const more =
      priv.extension === 'reeder'
        ? // draft-reeder-snmpv3-usm-3desede §2.1: the key so far is a passphrase.
          localizeKey(auth, createHash(auth.hash).update(Buffer.alloc(expandedOctets, key)).digest(), engineId)
        : // draft-blumenthal-aes-usm-04 §3.1.2.1: the digest of the key so far.
          createHash(auth.hash).update(key).digest()
    key = Buffer.concat([key, more])
  }
  return key.subarray(0, priv.keyLength)
}
