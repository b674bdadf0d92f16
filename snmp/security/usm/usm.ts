/** The user-based security model: what RFC 3414 §3.2 does with a message that comes in, and §3.1 with one that goes out. */

import { type EngineIdentity, isLatched } from '../../engine/engine-identity.ts'
import type { IncomingV3 } from '../../message/v3-message.ts'
import { isAuthentic, type Protection, protectionOf, scopedPduOf, type UserKeys, unprotected } from './protection.ts'

export interface UsmUser extends UserKeys {
  /** The engine its keys are localized for; no octets: this one. */
  readonly engineId: Uint8Array
  readonly name: string
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
  | { readonly user: UsmUser; readonly protection: Protection; readonly scopedPdu: Uint8Array }
  /** The report of it goes to this user, protected so. */
  | { readonly refusal: UsmCounter; readonly userName: string; readonly protection: Protection }

export const timeWindowSeconds = 150

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

  /** The order of the checks is §3.2's. */
  receive(message: IncomingV3): Incoming {
    const { parameters, header } = message
    if (Buffer.compare(parameters.engineId, this.identity.engineId) !== 0)
      return this.#refuse('usmStatsUnknownEngineIDs')
    const user = this.#users.get(parameters.userName)
    if (!user) return this.#refuse('usmStatsUnknownUserNames')
    const protection = protectionOf(user, header.level)
    if (!protection) return this.#refuse('usmStatsUnsupportedSecLevels')
    if (!isAuthentic(protection, message)) return this.#refuse('usmStatsWrongDigests')
    // Step 7: the report of a wrong time is authenticated, for clocks are set by it.
    if (protection.level !== 'noAuthNoPriv' && !this.#isInWindow(parameters))
      return this.#refuse('usmStatsNotInTimeWindows', user.name, { level: 'authNoPriv', auth: protection.auth })
    const scopedPdu = scopedPduOf(protection, message)
    return scopedPdu ? { user, protection, scopedPdu } : this.#refuse('usmStatsDecryptionErrors')
  }

  #isInWindow({ boots, time }: IncomingV3['parameters']): boolean {
    const { identity } = this
    return !isLatched(identity) && boots === identity.boots && Math.abs(time - identity.time()) <= timeWindowSeconds
  }

  #refuse(refusal: UsmCounter, userName = '', protection = unprotected): Incoming {
    this.stats[refusal]++
    return { refusal, userName, protection }
  }
}
