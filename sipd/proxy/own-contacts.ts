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
    const targets = this.#registered(this.#identity.addressesOfRecord(uri))
    if (!targets) return undefined
    if (!targets.some((target) => this.#userOf(target) !== undefined)) return targets
    const found: Target[] = []
    this.#follow(targets, 1000, found)
    return found
  }

  /** Of the first of a user's names that is registered, and was not looked at before. */
  #registered(addressesOfRecord: readonly string[]): readonly Target[] | undefined {
    for (const addressOfRecord of addressesOfRecord) {
      const targets = this.#visited.has(addressOfRecord) ? undefined : this.#users.targetsOf(addressOfRecord)
      if (!targets) continue
      this.#visited.add(addressOfRecord)
      return targets
    }
    return undefined
  }

  #follow(targets: readonly Target[], q: number, found: Target[]): void {
    for (const target of targets) {
      if (found.length >= mostTargets) return
      // What the user of a contact prefers counts within what was preferred on the way there.
      const ranked = q === 1000 ? target : { ...target, q: Math.round((target.q * q) / 1000) }
      const uri = this.#userOf(target)
      if (!uri) found.push(ranked)
      else if (uri.user !== undefined && this.#visited.size < mostUsers) this.#followUser(uri, ranked, found)
    }
  }

  #followUser(uri: SipUri, target: Target, found: Target[]): void {
    const names = this.#identity.addressesOfRecord(uri)
    if (names.some((name) => this.#visited.has(name))) {
      this.isCircular = true
      return
    }
    const targets = this.#registered(names)
    if (targets) this.#follow(targets, target.q, found)
    // Who registers may lead callers to other users, and not by a route to the world.
    else if (target.origin !== 'registered') found.push({ ...target, needsRoute: true })
  }

  /** The URI of a contact that leads to this server itself; undefined where a phone is. */
  #userOf({ parsed, flow, path }: Target): SipUri | undefined {
    return parsed && flow === undefined && path.length === 0 && this.#identity.isOurs(parsed) ? parsed : undefined
  }
}
