/** A user of SNMPv3 as a person knows it, by passphrases: keys are made for each engine that is spoken with. */
import type { SecurityLevel } from '../../lib/smi/principal.ts'
import { localizeKey, passphraseToKey, privKey } from '../security/usm/keys.ts'
import type { AuthProtocol, PrivProtocol } from '../security/usm/protocols.ts'
import type { UsmUser } from '../security/usm/usm.ts'

export interface Credentials {
  readonly userName: string
  readonly auth: { readonly protocol: AuthProtocol; readonly passphrase: string } | undefined
  readonly priv: { readonly protocol: PrivProtocol; readonly passphrase: string } | undefined
}

/** Engines whose keys are remembered; a key costs a digest over a megabyte. */
const enginesAtMost = 64

/** The highest level that these credentials reach. */
export function levelOf({ auth, priv }: Credentials): SecurityLevel {
  if (!auth) return 'noAuthNoPriv'
  return priv ? 'authPriv' : 'authNoPriv'
}

/** Gives the user's keys for an engine, made once. */
export function keyMaker({ userName, auth, priv }: Credentials): (engineId: Uint8Array) => UsmUser {
  const known = new Map<string, UsmUser>()
  const master = auth && { protocol: auth.protocol, key: passphraseToKey(auth.protocol, auth.passphrase) }
  return (engineId) => {
    const key = Buffer.from(engineId).toString('hex')
    const found = known.get(key)
    if (found) return found
    if (known.size >= enginesAtMost) known.clear()
    const user: UsmUser = {
      engineId: Uint8Array.from(engineId),
      name: userName,
      auth: master && { protocol: master.protocol, key: localizeKey(master.protocol, master.key, engineId) },
      priv: auth && priv ? privacyOf(auth.protocol, priv, Uint8Array.from(engineId)) : undefined,
    }
    known.set(key, user)
    return user
  }
}

/** The key is made when it is asked for, which is after a message was authenticated: it costs a digest over a megabyte. */
function privacyOf(
  auth: AuthProtocol,
  { protocol, passphrase }: NonNullable<Credentials['priv']>,
  engineId: Uint8Array,
) {
  let key: Uint8Array | undefined
  return {
    protocol,
    get key(): Uint8Array {
      key ??= privKey(auth, protocol, passphrase, engineId)
      return key
    },
  }
}
