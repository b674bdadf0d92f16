/** The target set of RFC 3261 §16.5 and §16.6: where a request may be forwarded, and in what order. */
import { formatFlow } from '../message/flow.ts'
import type { Hop } from '../message/hop.ts'
import { areSame, type ComparableUri, comparableUri } from '../message/same-uri.ts'
import type { SipUri } from '../message/uri.ts'

export interface Target {
  readonly uri: string
  /** It as a SIP URI; undefined when it is none. */
  readonly parsed: SipUri | undefined
  /** `registered` by its user, `configured` in sipd.conf, or `asked` for by a request or a 3xx. */
  readonly origin: 'registered' | 'configured' | 'asked'
  /** Where the phone registered from, when that is not where its contact says (a phone behind NAT, a connection). */
  readonly flow: Hop | undefined
  /** The flow is the way of a dialog: what routes remain are those beyond it. */
  readonly isOverRoutes?: boolean
  /** It names a user of ours whom nobody registered: only a route says where that is. */
  readonly needsRoute?: true
  /** The hop that a route names for it, in place of its own host. */
  readonly route?: SipUri
  /** The same by other routes: tried one after the other when this one gives no final response, or a 5xx. */
  readonly otherRoutes?: readonly Target[]
  /** Of the same phone, the best first: tried one after the other when this one fails (RFC 5626 §7). */
  readonly otherFlows?: readonly Target[]
  /** RFC 3327: proxies between here and the phone. */
  readonly path: readonly string[]
  /** Thousandths. */
  readonly q: number
  /** What the phone said that it can do (RFC 3840); undefined where nobody registered. */
  readonly features?: string
}

/** Targets that were seen before, by the key of their URI. */
interface Seen {
  readonly uri: ComparableUri
  readonly flow: Hop | undefined
}

/** Targets that have not been tried, the best first; none twice, and no more than so many in all (MaxForks). */
export class TargetSet {
  readonly #waiting: Target[] = []
  readonly #seen = new Map<string, Seen[]>()
  #left: number

  constructor(targets: readonly Target[], maxForks: number) {
    this.#left = maxForks
    this.add(targets)
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0 || this.#left === 0
  }

  /** Gives how many of them were new; 0 when no more may be tried. */
  add(targets: readonly Target[]): number {
    if (this.#left === 0) return 0
    let added = 0
    for (const target of targets) {
      if (!this.#isNew(target)) continue
      this.#waiting.push(target)
      added++
    }
    if (this.#waiting.length > 1) this.#waiting.sort((one, other) => other.q - one.q)
    return added
  }

  /**
   * By RFC 3261 §19.1.4, and where there are two flows, by those: two sites have phones of one private address. A contact of a 3xx
   * has no flow, and means what was tried.
   */
  #isNew({ uri: text, flow }: Target): boolean {
    const uri = comparableUri(text) ?? { text, key: text, parameters: new Map(), headers: '' }
    const alike = this.#seen.get(uri.key) ?? []
    if (alike.some((seen) => areSame(seen.uri, uri) && (!seen.flow || !flow || isSameHop(seen.flow, flow))))
      return false
    this.#seen.set(uri.key, [...alike, { uri, flow }])
    return true
  }

  /** Those of the highest q: they are tried at the same time. */
  nextGroup(): Target[] {
    const q = this.#waiting[0]?.q
    const group: Target[] = []
    while (this.#left > 0 && this.#waiting.length > 0 && this.#waiting[0]!.q === q) {
      group.push(this.#waiting.shift()!)
      this.#left--
    }
    return group
  }

  clear(): void {
    this.#waiting.length = 0
  }
}

function isSameHop(one: Hop, other: Hop): boolean {
  return formatFlow(one) === formatFlow(other)
}
