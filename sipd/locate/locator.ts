/** From a URI to the hop where its request goes: RFC 3263 with addresses and A or AAAA records; NAPTR and SRV have their place here. */
import { isIP } from 'node:net'
import { isLoopbackAddress } from '../../lib/net/address.ts'
import { sourceNetwork } from '../../lib/net/source-network.ts'
import type { Clock } from '../../lib/time/clock.ts'
import type { Hop, TransportName } from '../message/source.ts'
import { reachedHost, type SipUri } from '../message/uri.ts'
import { type Lookup, Names } from './names.ts'

export interface Place {
  readonly transport: TransportName
  readonly address: string
  readonly port: number
  /** True when the URI itself asks for this transport. */
  readonly isExplicit: boolean
}

export interface LocatorOptions {
  readonly clock: Clock
  readonly lookup: Lookup
  /** For the names of sipd.conf, whatever others have asked for. */
  readonly configured: { readonly names: ReadonlySet<string>; readonly lookup: Lookup }
}

/** Names are cheap for an attacker and look-ups are not. */
const ofOthers = { mostCached: 10_000, mostPending: 200, mostPendingOfSource: 10, keepsOld: false }

export class Locator {
  readonly #names: Names
  readonly #configured: Names
  readonly #configuredNames: ReadonlySet<string>

  constructor({ clock, lookup, configured }: LocatorOptions) {
    const { size } = configured.names
    this.#names = new Names({ clock, lookup, ...ofOthers })
    this.#configured = new Names({
      clock,
      lookup: configured.lookup,
      mostCached: Math.max(1, size),
      mostPending: size,
      mostPendingOfSource: size,
      keepsOld: true,
    })
    this.#configuredNames = configured.names
  }

  /** A place at once when the URI has a numeric address or the name is known; undefined when it leads nowhere. */
  locate(uri: SipUri, source: Hop): Place | undefined | Promise<Place | undefined> {
    const transport = transportOf(uri)
    if (!transport) return undefined
    const place = (address: string | undefined): Place | undefined =>
      address === undefined
        ? undefined
        : {
            transport,
            address,
            port: uri.port ?? (transport === 'TLS' ? 5061 : 5060),
            isExplicit: uri.parameters.has('transport') || uri.scheme === 'sips',
          }
    const host = reachedHost(uri)
    if (isIP(host) !== 0) return place(host)
    const address = this.#addressOf(host.replace(/\.$/, ''), source)
    return address instanceof Promise ? address.then(place) : place(address)
  }

  #addressOf(name: string, { address }: Hop): string | undefined | Promise<string | undefined> {
    if (this.#configuredNames.has(name)) return this.#configured.addressOf(name, undefined)
    return this.#names.addressOf(name, isLoopbackAddress(address) ? undefined : sourceNetwork(address))
  }
}

function transportOf({ scheme, parameters }: SipUri): TransportName | undefined {
  const named = parameters.get('transport')?.toUpperCase()
  if (scheme === 'sips' || named === 'TLS') return 'TLS'
  if (named === undefined) return 'UDP'
  return named === 'TCP' || named === 'UDP' ? named : undefined
}
