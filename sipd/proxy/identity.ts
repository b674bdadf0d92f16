/** What of the world is this server: the domains it answers for, the addresses it listens on, and how it names itself. */
import { isIP } from 'node:net'
import { canonicalAddress, withoutZone } from '../../lib/net/address.ts'
import { parseAddress } from '../message/address.ts'
import type { Hop, TransportName } from '../message/hop.ts'
import { unbracketed } from '../message/host.ts'
import { parseRequestUri, type SipUri } from '../message/uri.ts'

export interface Listener {
  readonly transports: readonly TransportName[]
  /** As configured: may be a wildcard. */
  readonly address: string
  readonly port: number
  /** The host that our Via and Record-Route name for it: an address, or a name of ours. */
  readonly sentBy: string
  readonly tlsPort: number | undefined
}

export interface IdentityOptions {
  readonly listeners: readonly Listener[]
  /** Domains and host names whose users are ours (ProxyDomain, ServerName, VirtualProxyHost). */
  readonly domains: readonly string[]
  /** The numeric addresses of this machine that the listeners cover. */
  readonly addresses: readonly string[]
  /** Domains that have an address of their own (Virtual_Proxy_Server_IP), by that. */
  readonly domainsByAddress?: ReadonlyMap<string, string>
}

export class Identity {
  readonly listeners: readonly Listener[]
  readonly #domains: ReadonlySet<string>
  #addresses: ReadonlySet<string> = new Set()
  readonly #ports: ReadonlySet<number>
  readonly #firstDomain: string | undefined
  readonly #domainsByAddress: ReadonlyMap<string, string>

  constructor({ listeners, domains, addresses, domainsByAddress = new Map() }: IdentityOptions) {
    this.listeners = listeners
    this.#domains = new Set(domains.map((domain) => domain.toLowerCase().replace(/\.$/, '')))
    this.setAddresses(addresses)
    this.#domainsByAddress = new Map([...domainsByAddress].map(([address, of]) => [plain(address), of.toLowerCase()]))
    this.#firstDomain = this.#domains.values().next().value
    this.#ports = new Set(listeners.flatMap(({ port, tlsPort }) => (tlsPort === undefined ? [port] : [port, tlsPort])))
  }

  /** The numeric addresses that the listeners cover from now on; those of a wildcard come and go. */
  setAddresses(addresses: readonly string[]): void {
    this.#addresses = new Set([...addresses, ...this.listeners.map(({ sentBy }) => sentBy)].map(plain))
  }

  /** RFC 3261 §16.5: whether the users of this host are ours to find. */
  isOurs({ host, port }: Pick<SipUri, 'host' | 'port'>): boolean {
    if (host === '') return true // a tel URI
    if (this.#domains.has(withoutRoot(host))) return port === undefined || this.#ports.has(port)
    return this.isThisHost(host, port)
  }

  /** Whether a Route, a Via or a Request-URI names this very process. */
  isThisHost(host: string, port: number | undefined): boolean {
    if (!this.#addresses.has(plain(host))) return false
    return port === undefined ? this.#ports.has(5060) || this.#ports.has(5061) : this.#ports.has(port)
  }

  /**
   * RFC 3261 §10.3 step 5: user and domain, no parameters, no port of ours; sip and sips are one user. An address of this
   * machine stands for the domain that has it, and else for the first one; so does the missing host of a tel URI.
   */
  addressOfRecord({ user, host: written }: Pick<SipUri, 'user' | 'host'>): string {
    const host = withoutRoot(written)
    const isNumeric = host === '' || (!this.#domains.has(host) && isIP(host) !== 0)
    const domain = isNumeric ? (this.#domainsByAddress.get(plain(host)) ?? this.#firstDomain ?? host) : host
    return `sip:${user === undefined ? '' : `${user}@`}${domain.includes(':') ? `[${domain}]` : domain}`
  }

  /** The address-of-record that a From or To names; undefined where it is no user of ours. */
  userOf(value: string): string | undefined {
    const address = parseAddress(value)
    const uri = address && parseRequestUri(address.uri)
    return uri?.user !== undefined && this.isOurs(uri) ? this.addressOfRecord(uri) : undefined
  }

  /** `HOST[:PORT]` for a Via or Record-Route of what leaves by this hop. */
  sentBy(hop: Hop): string {
    const listener = this.listeners[hop.listener] ?? this.listeners[0]!
    const port = hop.transport === 'TLS' ? (listener.tlsPort ?? listener.port) : listener.port
    const host = isIP(listener.sentBy) === 6 ? `[${listener.sentBy}]` : listener.sentBy
    return `${host}:${port}`
  }

  /** The listener that requests to this address leave from: one of its family and transport, the given one if it can. */
  listenerFor(transport: TransportName, address: string, preferred: number): number | undefined {
    const fits = (listener: Listener | undefined): boolean =>
      listener?.transports.includes(transport) === true && isIP(listener.address) === isIP(address)
    if (fits(this.listeners[preferred])) return preferred
    const found = this.listeners.findIndex(fits)
    return found < 0 ? undefined : found
  }
}

/** `example.test.` is `example.test` with the root of all names. */
function withoutRoot(host: string): string {
  return host.endsWith('.') ? host.slice(0, -1) : host
}

/** In lower case, without brackets; an IPv6 address in its one short form (RFC 5952), without a link. */
function plain(host: string): string {
  const bare = withoutZone(unbracketed(withoutRoot(host)).toLowerCase())
  return isIP(bare) === 6 ? canonicalAddress(bare) : bare
}
