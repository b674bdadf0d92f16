/** The user-based security model: what RFC 3414 §3.2 does with a message that comes in, and §3.1 with one that goes out. */

import type { SecurityLevel } from '../../../lib/smi/principal.ts'
import type { EngineIdentity } from '../../engine-identity.ts'
import type { UsmParameters } from '../../message/v3-message.ts'
import { isGenuine, sign } from './digest.ts'
import { decrypt, encrypt } from './privacy.ts'
import type { AuthProtocol, PrivProtocol } from './protocols.ts'

export interface UsmUser {
  /** The engine its keys are localized for; no octets: this one. */
  readonly engineId: Uint8Array
  readonly name: string
  readonly auth: { readonly protocol: AuthProtocol; readonly key: Uint8Array } | undefined
  readonly priv: { readonly protocol: PrivProtocol; readonly key: Uint8Array } | undefined
}

/** usmStats of SNMP-USER-BASED-SM-MIB; each is also what a Report says. */
export const usmCounters = {
  usmStatsUnsupportedSecLevels: 1,
  usmStatsNotInTimeWindows: 2,
  usmStatsUnknownUserNames: 3,
  usmStatsUnknownEngineIDs: 4,
  usmStatsWrongDigests: 5,
  usmStatsDecryptionErrors: 6,
} as const
export type UsmCounter = keyof typeof usmCounters

export type Incoming =
  | { readonly user: UsmUser; readonly scopedPdu: Uint8Array }
  | { readonly refusal: UsmCounter; readonly user?: UsmUser }

const timeWindowSeconds = 150

export class Usm {
  readonly identity: EngineIdentity
  readonly stats: Record<UsmCounter, number> = {
    usmStatsUnsupportedSecLevels: 0,
    usmStatsNotInTimeWindows: 0,
    usmStatsUnknownUserNames: 0,
    usmStatsUnknownEngineIDs: 0,
    usmStatsWrongDigests: 0,
    usmStatsDecryptionErrors: 0,
  }
  #users = new Map<string, UsmUser>()
  #remoteUsers: readonly UsmUser[] = []

  constructor(identity: EngineIdentity) {
    this.identity = identity
  }

  configure(users: Iterable<UsmUser>): void {
    const all = [...users]
    this.#users = new Map(all.filter(({ engineId }) => engineId.length === 0).map((user) => [user.name, user]))
    this.#remoteUsers = all.filter(({ engineId }) => engineId.length > 0)
  }

  find(name: string): UsmUser | undefined {
    return this.#users.get(name)
  }

  /** A user with keys for another engine, which informs go to. */
  findRemote(engineId: Uint8Array, name: string): UsmUser | undefined {
    return this.#remoteUsers.find((user) => user.name === name && Buffer.compare(user.engineId, engineId) === 0)
  }

  /** `data` is the scoped PDU, encrypted at authPriv. The order of the checks is §3.2's. */
  receive(message: Uint8Array, parameters: UsmParameters, level: SecurityLevel, data: Uint8Array): Incoming {
    const { engineId, boots } = this.identity
    if (Buffer.compare(parameters.engineId, engineId) !== 0) return this.#refuse('usmStatsUnknownEngineIDs')
    const user = this.#users.get(parameters.userName)
    if (!user) return this.#refuse('usmStatsUnknownUserNames')
    if (level === 'noAuthNoPriv') return { user, scopedPdu: data }
    const { auth, priv } = user
    if (!auth || (level === 'authPriv' && !priv)) return this.#refuse('usmStatsUnsupportedSecLevels')
    const { digestAt, digestLength } = parameters
    if (!isGenuine(auth.protocol, auth.key, message, digestAt, digestLength))
      return this.#refuse('usmStatsWrongDigests')
    const isInWindow =
      boots !== 2_147_483_647 &&
      parameters.boots === boots &&
      Math.abs(parameters.time - this.identity.time()) <= timeWindowSeconds
    if (!isInWindow) return this.#refuse('usmStatsNotInTimeWindows', user)
    if (level === 'authNoPriv') return { user, scopedPdu: data }
    const scopedPdu = decrypt(priv!.protocol, priv!.key, parameters, { parameters: parameters.privParameters, data })
    return scopedPdu ? { user, scopedPdu } : this.#refuse('usmStatsDecryptionErrors')
  }

  /** Encrypts the scoped PDU of an answer. */
  encrypt(user: UsmUser, scopedPdu: Uint8Array): { parameters: Uint8Array; data: Uint8Array } {
    return encrypt(
      user.priv!.protocol,
      user.priv!.key,
      { boots: this.identity.boots, time: this.identity.time() },
      scopedPdu,
    )
  }

  sign({ auth }: UsmUser, message: Uint8Array, digestAt: number): void {
    sign(auth!.protocol, auth!.key, message, digestAt)
  }

  #refuse(refusal: UsmCounter, user?: UsmUser): Incoming {
    this.stats[refusal]++
    return user ? { refusal, user } : { refusal }
  }
}
