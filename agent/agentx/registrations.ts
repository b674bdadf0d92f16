/** What all sessions have registered (RFC 2741 §7.1.4): the subtrees of each registration, and which of them are taken. */

import type { Registration } from '../../agentx/pdu.ts'
import { afterSubtree, type RemoteRegion } from '../../lib/mib/registry.ts'
import { formatOid, type Oid } from '../../lib/smi/oid.ts'
import type { MasterSession } from './master-session.ts'

export interface RegisteredRegion {
  /** agentxRegIndex. */
  readonly index: number
  readonly session: MasterSession
  readonly registration: Registration
  readonly isInstance: boolean
}

/** A range over another sub-identifier than the last is as many subtrees; wider ones are refused. */
const rangeAtMost = 1024

/** Registrations of subtrees of one length at one priority: only these can be duplicates of each other. */
interface Peers {
  readonly singles: Map<string, RegisteredRegion>
  readonly ranges: Set<RegisteredRegion>
}

export class Registrations {
  readonly #byKey = new Map<string, RegisteredRegion>()
  readonly #peers = new Map<string, Peers>()
  #lastIndex = 0

  values(): Iterable<RegisteredRegion> {
    return this.#byKey.values()
  }

  /** Whether a subtree of it is registered already at its priority, as itself or as a part of a range, by any session. */
  isDuplicate(registration: Registration): boolean {
    const peers = this.#peers.get(peersKey(registration))
    if (!peers) return false
    for (const one of peers.ranges) if (sharesSubtree(one.registration, registration)) return true
    if (!isRange(registration)) return peers.singles.has(formatOid(registration.subtree))
    for (const one of peers.singles.values()) if (sharesSubtree(one.registration, registration)) return true
    return false
  }

  /** Takes one that is no duplicate; `registrationKey` names it from here on. */
  add(session: MasterSession, registration: Registration, isInstance: boolean): void {
    this.#lastIndex++
    const region = { index: this.#lastIndex, session, registration, isInstance }
    this.#byKey.set(registrationKey(registration), region)
    const key = peersKey(registration)
    const peers = this.#peers.get(key) ?? { singles: new Map(), ranges: new Set() }
    this.#peers.set(key, peers)
    if (isRange(registration)) peers.ranges.add(region)
    else peers.singles.set(formatOid(registration.subtree), region)
  }

  remove(key: string): void {
    const region = this.#byKey.get(key)
    if (!region) return
    this.#byKey.delete(key)
    const { registration } = region
    const peers = this.#peers.get(peersKey(registration))
    peers?.ranges.delete(region)
    if (!isRange(registration)) peers?.singles.delete(formatOid(registration.subtree))
    if (peers?.singles.size === 0 && peers.ranges.size === 0) this.#peers.delete(peersKey(registration))
  }
}

/** §7.1.5: what an Unregister has to repeat. */
export function registrationKey({ subtree, rangeSubid, upperBound, priority }: Registration): string {
  return `${formatOid(subtree)} ${rangeSubid} ${rangeSubid === 0 ? 0 : upperBound} ${priority}`
}

/** A registration as stretches of the tree; undefined for a range that is too wide. */
export function regionsOf(
  { subtree, rangeSubid, upperBound, priority }: Registration,
  common: Pick<RemoteRegion, 'timeoutMs' | 'backend'>,
): RemoteRegion[] | undefined {
  const region = (oid: Oid, last: Oid): RemoteRegion => {
    return { ...common, specificity: subtree.length, priority, oid, to: afterSubtree(last) }
  }
  if (rangeSubid === 0) return [region(subtree, subtree)]
  if (rangeSubid === subtree.length) return [region(subtree, [...subtree.slice(0, -1), upperBound])]
  const lower = subtree[rangeSubid - 1]!
  if (upperBound - lower >= rangeAtMost) return undefined
  return Array.from({ length: upperBound - lower + 1 }, (_, i) => {
    const one = subtree.with(rangeSubid - 1, lower + i)
    return region(one, one)
  })
}

/** A range of one is a subtree like any other. */
function isRange({ subtree, rangeSubid, upperBound }: Registration): boolean {
  return rangeSubid > 0 && upperBound > subtree[rangeSubid - 1]!
}

function peersKey({ subtree, priority }: Registration): string {
  return `${subtree.length} ${priority}`
}

/** Of two with subtrees of one length: whether the ranges of every sub-identifier, mostly of one value, overlap. */
function sharesSubtree(a: Registration, b: Registration): boolean {
  // From the end: names differ there, while their beginnings are all alike.
  for (let i = a.subtree.length - 1; i >= 0; i--)
    if (a.subtree[i]! > upperAt(b, i) || b.subtree[i]! > upperAt(a, i)) return false
  return true
}

function upperAt({ subtree, rangeSubid, upperBound }: Registration, i: number): number {
  return rangeSubid === i + 1 ? upperBound : subtree[i]!
}
