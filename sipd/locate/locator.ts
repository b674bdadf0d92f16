/** From a URI to the places where its request may go, in order: RFC 3263 with addresses and A or AAAA records; NAPTR and SRV have their place here. */
import { isIP } from 'node:net'
import { isLoopbackAddress } from '../../lib/net/address.ts'
import { sourceNetwork } from '../../lib/net/source-network.ts'
import type { Clock } from '../../lib/time/clock.ts'
import type { Hop, TransportName } from '../message/hop.ts'
import { reachedHost, type SipUri } from '../message/uri.ts'
import { type Family, type Lookup, Names } from './names.ts'

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
  /** Those that there is a listener of. */
  readonly families: readonly Family[]
  /** For the names of sipd.conf, whatever others have asked for. */
  readonly configured: { readonly names: ReadonlySet<string>; readonly lookup: Lookup }
}

const nowhere: readonly Place[] = []
/** Names are cheap for an attacker and look-ups are not. */
const ofOthers = { mostCached: 10_000, mostPending: 200, mostPendingOfSource: 10, keepsOld: false }

export class Locator {
  readonly #names: Names
  readonly #configured: Names
  readonly #configuredNames: ReadonlySet<string>

  constructor({ clock, lookup, families, configured }: LocatorOptions) {
    const { size } = configured.names
    this.#names = new Names({ clock, lookup, families, ...ofOthers })
    this.#configured = new Names({
      clock,
      lookup: configured.lookup,
      families,
      mostCached: Math.max(1, size),
      mostPending: size,
      mostPendingOfSource: size,
      keepsOld: true,
    })
    this.#configuredNames = configured.names
  }

  /**
   * The places to try one after the other (§4.3), none when the URI leads nowhere; at once when it has a numeric address or the name
   * is known.
   */
  locate(uri: SipUri, source: Hop): readonly Place[] | Promise<readonly Place[]> {
    const transport = transportOf(uri)
    if (!transport) return nowhere
    const port = uri.port ?? (transport === 'TLS' ? 5061 : 5060)
    const isExplicit = uri.parameters.has('transport') || uri.scheme === 'sips'
    const place = (address: string): Place => ({ transport, address, port, isExplicit })
    const host = reachedHost(uri)
    if (isIP(host) !== 0) return [place(host)]
    const addresses = this.#addressesOf(host.replace(/\.$/, ''), source)
    return addresses instanceof Promise ? addresses.then((all) => all.map(place)) : addresses.map(place)
  }

  #addressesOf(name: string, { address }: Hop): readonly string[] | Promise<readonly string[]> {
    if (this.#configuredNames.has(name)) return this.#configured.addressesOf(name, undefined)
    return this.#names.addressesOf(name, isLoopbackAddress(address) ? undefined : sourceNetwork(address))
  }
}

function transportOf({ scheme, parameters }: SipUri): TransportName | undefined {
  const named = parameters.get('transport')?.toUpperCase()
  if (scheme === 'sips' || named === 'TLS') return 'TLS'
  if (named === undefined) return 'UDP'
  return named === 'TCP' || named === 'UDP' ? named : undefined
}
