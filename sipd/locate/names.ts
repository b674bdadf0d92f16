/** The names that requests lead to, looked up within bounds: of one source, of all, and apart from those of sipd.conf. */

import { isIP } from 'node:net'
import type { Clock } from '../../lib/time/clock.ts'
import { ownString } from '../location/own-strings.ts'
import { LruMap } from './lru-map.ts'

export type Family = 4 | 6

/** Of the listeners that requests leave by. */
export function familiesOf(listeners: readonly { readonly address: string }[]): readonly Family[] {
  return ([4, 6] as const).filter((family) => listeners.some(({ address }) => isIP(address) === family))
}

/** Gives the addresses of a name in these families, none when it has none; throws when nobody says. */
export type Lookup = (host: string, families: readonly Family[]) => Promise<readonly string[]>

export interface NamesOptions {
  readonly lookup: Lookup
  /** Of the addresses that can be sent to; others would only take the places of these. */
  readonly families: readonly Family[]
  readonly clock: Clock
  /** Kept at most; the one that was not asked for the longest goes first. */
  readonly mostCached: number
  /** Looked up at once, of all sources and of one. */
  readonly mostPending: number
  readonly mostPendingOfSource: number
  /** A name that cannot be looked up now keeps the addresses it had. */
  readonly keepsOld: boolean
}

interface CachedAddress {
  readonly addresses: readonly string[]
  readonly untilMs: number
}

/** More of them are not kept: each may be tried for one request, and has it sent again. */
const mostAddresses = 4
const none: readonly string[] = []
/** How long an answer is used, one that there is no such name likewise. */
const cachedMs = 30_000
/** How long nobody is asked again for a name that nobody answered for. */
const failedMs = 5000

export class Names {
  readonly #options: NamesOptions
  readonly #cache: LruMap<string, CachedAddress>
  readonly #pending = new Map<string, Promise<readonly string[]>>()
  readonly #ofSource = new Map<string, number>()

  constructor(options: NamesOptions) {
    this.#options = options
    this.#cache = new LruMap(options.mostCached)
  }

  /** Names that are being looked up. */
  get pending(): number {
    return this.#pending.size
  }

  /** In the order of the answer; at once when the name is known. None for one that there is no room to ask for now. */
  addressesOf(host: string, source: string | undefined): readonly string[] | Promise<readonly string[]> {
    const cached = this.#cache.get(host)
    if (cached && cached.untilMs > this.#options.clock.monotonicMs()) return cached.addresses
    const asked = this.#pending.get(host)
    if (asked) return asked
    if (!this.#take(source)) return none
    const asking = this.#ask(host, cached?.addresses).finally(() => {
      this.#pending.delete(host)
      this.#giveBack(source)
    })
    this.#pending.set(host, asking)
    return asking
  }

  async #ask(host: string, old: readonly string[] = none): Promise<readonly string[]> {
    const { lookup, families, clock, keepsOld } = this.#options
    let addresses = keepsOld ? old : none
    let keptMs = failedMs
    try {
      const found = await lookup(host, families)
      addresses = found.filter((address) => families.some((family) => isIP(address) === family)).slice(0, mostAddresses)
      keptMs = cachedMs
    } catch {
      // Nobody answered: it leads nowhere for now, which is all that the caller wants to know.
    }
    // A name cut out of a message would keep all of the message.
    this.#cache.set(ownString(host), { addresses, untilMs: clock.monotonicMs() + keptMs })
    return addresses
  }

  #take(source: string | undefined): boolean {
    const { mostPending, mostPendingOfSource } = this.#options
    if (this.#pending.size >= mostPending) return false
    if (source === undefined) return true
    const pending = this.#ofSource.get(source) ?? 0
    if (pending >= mostPendingOfSource) return false
    this.#ofSource.set(source, pending + 1)
    return true
  }

  #giveBack(source: string | undefined): void {
    if (source === undefined) return
    const left = (this.#ofSource.get(source) ?? 0) - 1
    if (left <= 0) this.#ofSource.delete(source)
    else this.#ofSource.set(source, left)
  }
}
