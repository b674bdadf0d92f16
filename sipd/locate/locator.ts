/** From a URI to the places where its request may go, in order (RFC 3263 §4). */
import { isIP } from 'node:net'
import { Cooldown } from '../../lib/bounds/cooldown.ts'
import { isLoopbackAddress } from '../../lib/net/address.ts'
import { sourceNetwork } from '../../lib/net/source-network.ts'
import { weightedOrder } from '../../lib/net/weighted-order.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { type Hop, hopText, type TransportName } from '../message/hop.ts'
import { reachedHost, type SipUri } from '../message/uri.ts'
import { Lookups, type Unknown } from './lookups.ts'
import type { Family, Lookup, NameService } from './names.ts'
import { type FoundSite, findSite, type Inquiry, type Service, type Site, siteAt } from './services.ts'

export interface Place {
  readonly transport: TransportName
  readonly address: string
  readonly port: number
  /** True when the URI itself asks for this transport. */
  readonly isExplicit: boolean
}

/** Why a URI leads nowhere: there is no such name, nobody says so, too much is asked at once, or no transport of ours. */
export type Nowhere = 'noSuchName' | 'noTransport' | Unknown

/** One place at least, the best first; or why there is none. */
export type Located = readonly Place[] | Nowhere

export interface DnsPolicy {
  /** AllowNaptrLookup. */
  readonly usesNaptr: boolean
  /** SrvForFqdnOnly. */
  readonly srvForFqdnOnly: boolean
  /** TransportPrefOrder. */
  readonly transportOrder: readonly TransportName[]
}

export interface LocatorOptions {
  readonly clock: Clock
  readonly policy: DnsPolicy
  readonly names: NameService
  /** Those that there is a listener of. */
  readonly families: readonly Family[]
  readonly transports: ReadonlySet<TransportName>
  /** For the names that the operator wrote, whatever others have asked for. */
  readonly configured: {
    readonly names: NameService
    /** Those of sipd.conf and persistent_tcp.conf, in lower case. */
    readonly hosts: { has(name: string): boolean }
    /** For a name that the DNS does not have. */
    readonly otherwise?: Lookup
  }
  readonly random?: () => number
  /** Told why nobody answered for a name. */
  readonly onFailure?: (key: string, error: unknown) => void
}

/** How a URI is reached that says nothing of it, and who wrote it. */
export interface LocateOptions {
  /** Where the URI names no transport (SipRouteHeaderTransportType). */
  readonly transport?: TransportName | undefined
  /** The operator wrote it: a route, a static contact. */
  readonly isConfigured?: boolean
}

interface Wanted {
  readonly uri: SipUri
  /** Undefined: the DNS may choose. */
  readonly transport: TransportName | undefined
  /** The URI itself asks for the transport. */
  readonly isExplicit: boolean
  /** It names a scheme, and no transport. */
  readonly usesNaptr: boolean
}

/** Names are cheap for an attacker and look-ups are not. */
const ofOthers = { mostCached: 10_000, mostPending: 200, mostPendingOfSource: 10, keepsOld: false }
const ofOperator = { mostCached: 10_000, mostPending: 1000, mostPendingOfSource: 1000, keepsOld: true }
/** More are not tried: a request is sent again to each of them. */
const mostPlaces = 6
/** How long a place that failed is passed over while there are others. */
const restMs = 30_000
const longestRestMs = 300_000
const mostResting = 10_000
/** Other name services do not say how long what they know is true. */
const otherwiseSeconds = 30

export class Locator {
  readonly #options: LocatorOptions
  readonly #ofOthers: Lookups<Site>
  readonly #ofOperator: Lookups<Site>
  readonly #failed: Cooldown
  readonly #ordered: readonly TransportName[]
  readonly #usual: TransportName

  constructor(options: LocatorOptions) {
    this.#options = options
    const { clock, transports, policy, onFailure } = options
    const more = { clock, ...(onFailure && { onFailure }) }
    this.#ofOthers = new Lookups({ ...ofOthers, ...more })
    this.#ofOperator = new Lookups({ ...ofOperator, ...more })
    this.#failed = new Cooldown({ clock, forMs: restMs, most: mostResting })
    const ordered = policy.transportOrder.filter((transport) => transports.has(transport))
    this.#ordered = ordered.length > 0 ? ordered : ['UDP']
    // §4.1: where the DNS says nothing a sip: URI goes over UDP, unless the operator wants none of it.
    this.#usual = this.#ordered.includes('UDP') ? 'UDP' : (this.#ordered[0] ?? 'UDP')
  }

  /** The places to try one after the other (§4.3); at once when the URI has a numeric address, or its name is known. */
  locate(uri: SipUri, source: Hop, options: LocateOptions = {}): Located | Promise<Located> {
    const wanted = wantedOf(uri, options.transport)
    if (!wanted) return 'noTransport'
    const host = reachedHost(uri)
    if (isIP(host) !== 0) return [this.#place(undefined, host, wanted)]
    const name = host.replace(/\.$/, '')
    const known = this.#options.names.known(name, this.#options.families)
    if (known) return this.#places(siteAt(known), wanted)
    const site = this.#find(name, wanted, source, options.isConfigured === true)
    return site instanceof Promise ? site.then((found) => this.#places(found, wanted)) : this.#places(site, wanted)
  }

  /** A request that was sent there had no answer, or one that says to leave it alone (for so many seconds). */
  placeFailed(hop: Hop, forSeconds?: number): void {
    this.#failed.failed(hopText(hop), forSeconds === undefined ? restMs : Math.min(forSeconds * 1000, longestRestMs))
  }

  placeAnswered(hop: Hop): void {
    if (!this.#failed.isEmpty) this.#failed.succeeded(hopText(hop))
  }

  #find(name: string, wanted: Wanted, { address }: Hop, isConfigured: boolean) {
    const { configured, names } = this.#options
    const inquiry = this.#inquiryOf(name, wanted)
    const key = inquiry.asks === 'addresses' ? name : [name, wanted.transport, wanted.usesNaptr].join(' ')
    if (isConfigured || configured.hosts.has(name))
      return this.#ofOperator.find(key, undefined, () => this.#askWider(inquiry))
    const site = isLoopbackAddress(address) ? undefined : sourceNetwork(address)
    const { families } = this.#options
    return this.#ofOthers.find(key, site, () => findSite(inquiry, { names, families }))
  }

  #inquiryOf(host: string, { uri, transport, usesNaptr }: Wanted): Inquiry {
    const { policy, transports } = this.#options
    if (uri.port !== undefined || (policy.srvForFqdnOnly && !host.includes('.'))) return { host, asks: 'addresses' }
    const only = transport === undefined ? undefined : [transport]
    return {
      host,
      asks: 'services',
      srv: only ?? this.#ordered,
      naptr: usesNaptr && policy.usesNaptr ? (only ?? [...transports]) : [],
    }
  }

  /** The DNS first, then whatever else nsswitch.conf(5) knows. */
  async #askWider(inquiry: Inquiry): Promise<FoundSite> {
    const { configured, families } = this.#options
    const { names, otherwise } = configured
    if (!otherwise) return findSite(inquiry, { names, families })
    let failure: unknown
    try {
      const found = await findSite(inquiry, { names, families })
      if (found.value.length > 0) return found
    } catch (error) {
      failure = error
    }
    const addresses = (await otherwise(inquiry.host, families)).filter((address) =>
      families.some((family) => isIP(address) === family),
    )
    if (addresses.length === 0 && failure !== undefined) throw failure
    return { value: siteAt(addresses), ttlSeconds: otherwiseSeconds }
  }

  #places(site: Site | Unknown, wanted: Wanted): Located {
    if (typeof site === 'string') return site
    const places: Place[] = []
    for (const group of site)
      for (const service of weightedOrder(group, this.#options.random))
        for (const address of service.addresses) places.push(this.#place(service, address, wanted))
    if (places.length === 0) return 'noSuchName'
    return this.#failed.restedFirst(places, hopText).slice(0, mostPlaces)
  }

  #place(service: Service | undefined, address: string, { uri, transport, isExplicit }: Wanted): Place {
    const chosen = service?.transport ?? transport ?? this.#usual
    const port = uri.port ?? service?.port ?? (chosen === 'TLS' ? 5061 : 5060)
    return { transport: chosen, address, port, isExplicit }
  }
}

/** How a URI wants to be reached; undefined by a transport that is none of ours. */
function wantedOf(uri: SipUri, otherwise: TransportName | undefined): Wanted | undefined {
  const { scheme, parameters } = uri
  const named = parameters.get('transport')?.toUpperCase()
  const isSecure = scheme === 'sips' || named === 'TLS'
  if (isSecure) return { uri, transport: 'TLS', isExplicit: true, usesNaptr: named === undefined }
  if (named === undefined) return { uri, transport: otherwise, isExplicit: false, usesNaptr: otherwise === undefined }
  if (named !== 'TCP' && named !== 'UDP') return undefined
  return { uri, transport: named, isExplicit: true, usesNaptr: false }
}
