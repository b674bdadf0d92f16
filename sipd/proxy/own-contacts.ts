/**
 * Where the users of this server are. A contact that names another of them is followed here and now: sent to ourselves it would
 * come back as a request like any other, and five contacts of each user are then a fork bomb (RFC 5393 §3).
 */
import type { SipUri } from '../message/uri.ts'
import type { Identity } from './identity.ts'
import type { Target } from './targets.ts'
import type { UserLocation } from './users.ts'

/** Users that are followed for one request, and targets that are found; MaxForks takes six of them at most. */
const mostUsers = 100
const mostTargets = 200

/** Of one request, with the contacts of its 3xx: no user is looked at twice. */
export class OwnContacts {
  readonly #identity: Identity
  readonly #users: UserLocation
  readonly #visited = new Set<string>()
  /** A contact led back to a user that was looked at. */
  isCircular = false

  constructor(identity: Identity, users: UserLocation) {
    this.#identity = identity
    this.#users = users
  }

  /** Undefined for a user that this server does not know, or that was looked at before. */
  targetsOf(uri: SipUri): readonly Target[] | undefined {
    const addressOfRecord = this.#identity.addressOfRecord(uri)
    if (this.#visited.has(addressOfRecord)) return undefined
    const targets = this.#users.targetsOf(addressOfRecord)
    if (!targets) return undefined
    this.#visited.add(addressOfRecord)
    if (!targets.some((target) => this.#userOf(target) !== undefined)) return targets
    const found: Target[] = []
    this.#follow(targets, 1000, found)
    return found
  }

  #follow(targets: readonly Target[], q: number, found: Target[]): void {
    for (const target of targets) {
      if (found.length >= mostTargets) return
      // What the user of a contact prefers counts within what was preferred on the way there.
      const ranked = q === 1000 ? target : { ...target, q: Math.round((target.q * q) / 1000) }
      const uri = this.#userOf(target)
      if (!uri) found.push(ranked)
      else if (uri.user !== undefined && this.#visited.size < mostUsers) {
        const addressOfRecord = this.#identity.addressOfRecord(uri)
        if (this.#visited.has(addressOfRecord)) {
          this.isCircular = true
          continue
        }
        this.#visited.add(addressOfRecord)
        this.#follow(this.#users.targetsOf(addressOfRecord) ?? [], ranked.q, found)
      }
    }
  }

  /** The URI of a contact that leads to this server itself; undefined where a phone is. */
  #userOf({ parsed, flow, path }: Target): SipUri | undefined {
    return parsed && flow === undefined && path.length === 0 && this.#identity.isOurs(parsed) ? parsed : undefined
  }
}
