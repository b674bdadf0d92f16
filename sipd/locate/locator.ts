/** From a URI to the hop where its request goes: RFC 3263 with addresses and A or AAAA records; NAPTR and SRV have their place here. */
import { isIP } from 'node:net'
import type { Clock } from '../../lib/clock.ts'
import { unbracketed } from '../message/host.ts'
import type { TransportName } from '../message/source.ts'
import type { SipUri } from '../message/uri.ts'

export interface Place {
  readonly transport: TransportName
  readonly address: string
  readonly port: number
  /** True when the URI itself asks for this transport. */
  readonly isExplicit: boolean
}

/** Gives the addresses of a name; throws or gives none when it has none. */
export type Lookup = (host: string) => Promise<readonly string[]>

interface CachedAddress {
  readonly address: string | undefined
  readonly untilMs: number
}

/** How long an answer of the resolver is used, one that says nothing likewise: it gives no lifetime. */
const cachedMs = 30_000
const mostCached = 10_000
/** Names are cheap for an attacker and look-ups are not. */
const mostPending = 200

export class Locator {
  readonly #lookup: Lookup
  readonly #clock: Clock
  readonly #cache = new Map<string, CachedAddress>()
  #pending = 0

  constructor(lookup: Lookup, clock: Clock) {
    this.#lookup = lookup
    this.#clock = clock
  }

  /** A place at once when the URI has a numeric address or the name is known; undefined when it leads nowhere. */
  locate(uri: SipUri): Place | undefined | Promise<Place | undefined> {
    const named = uri.parameters.get('transport')?.toUpperCase()
    const transport: TransportName | undefined =
      uri.scheme === 'sips' || named === 'TLS'
        ? 'TLS'
        : named === undefined
          ? 'UDP'
          : named === 'TCP' || named === 'UDP'
            ? named
            : undefined
    if (!transport) return undefined
    const place = (address: string | undefined): Place | undefined =>
      address === undefined
        ? undefined
        : {
            transport,
            address,
            port: uri.port ?? (transport === 'TLS' ? 5061 : 5060),
            isExplicit: named !== undefined || uri.scheme === 'sips',
          }
    const host = unbracketed(uri.parameters.get('maddr') || uri.host)
    if (isIP(host) !== 0) return place(host)
    const cached = this.#cache.get(host)
    if (cached && cached.untilMs > this.#clock.monotonicMs()) return place(cached.address)
    return this.#resolve(host).then(place)
  }

  async #resolve(host: string): Promise<string | undefined> {
    if (this.#pending >= mostPending) return undefined
    this.#pending++
    let address: string | undefined
    try {
      address = (await this.#lookup(host))[0]
    } catch {
      // A name without an address leads nowhere, which is all that the caller wants to know.
    } finally {
      this.#pending--
    }
    if (this.#cache.size >= mostCached) this.#cache.clear()
    this.#cache.set(host, { address, untilMs: this.#clock.monotonicMs() + cachedMs })
    return address
  }
}
