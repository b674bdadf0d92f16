/** What of the world is this server: the domains it answers for, the addresses it listens on, and how it names itself. */
import { isIP } from 'node:net'
import { canonicalAddress, withoutZone } from '../../lib/net/address.ts'
import { parseAddress } from '../message/address.ts'
import type { Hop, TransportName } from '../message/hop.ts'
import { unbracketed } from '../message/host.ts'
import { parseRequestUri, type SipUri } from '../message/uri.ts'
import { isE164, NumberPlan, type NumberPlanOptions } from '../numbers/number-plan.ts'

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
  /** Domains whose users are ours (ProxyDomain, VirtualProxyHost); the first is that of E.164 numbers. */
  readonly domains: readonly string[]
  /** The numeric addresses of this machine that the listeners cover. */
  readonly addresses: readonly string[]
  /** Domains by the names and addresses that lead to them (ServerName, Virtual_Proxy_Server_Name, Virtual_Proxy_Server_IP). */
  readonly domainsByHost?: ReadonlyMap<string, string>
  /** How users are read that are telephone numbers; as sipd.conf has it by default unless given. */
  readonly numbers?: NumberPlanOptions
  /** Hears of each number that was expanded. */
  readonly onExpanded?: ((number: string, expanded: string) => void) | undefined
}

type UserUri = Pick<SipUri, 'user' | 'host' | 'parameters'>

export class Identity {
  readonly listeners: readonly Listener[]
  readonly #domains: ReadonlySet<string>
  #addresses: ReadonlySet<string> = new Set()
  readonly #ports: ReadonlySet<number>
  readonly #firstDomain: string | undefined
  readonly #domainsByHost: ReadonlyMap<string, string>
  readonly numbers: NumberPlan

  constructor(options: IdentityOptions) {
    const { listeners, domains, addresses, domainsByHost = new Map() } = options
    this.listeners = listeners
    this.numbers = new NumberPlan(options.numbers, options.onExpanded)
    this.#domains = new Set(domains.map((domain) => domain.toLowerCase().replace(/\.$/, '')))
    this.setAddresses(addresses)
    this.#domainsByHost = new Map([...domainsByHost].map(([host, of]) => [plain(host), of.toLowerCase()]))
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
    if (this.#isName(withoutRoot(host))) return port === undefined || this.#ports.has(port)
    return this.isThisHost(host, port)
  }

  /** Of a name, not of an address. */
  #isName(host: string): boolean {
    return this.#domains.has(host) || (this.#domainsByHost.has(host) && isIP(host) === 0)
  }

  /** Whether a Route, a Via or a Request-URI names this very process. */
  isThisHost(host: string, port: number | undefined): boolean {
    if (!this.#addresses.has(plain(host))) return false
    return port === undefined ? this.#ports.has(5060) || this.#ports.has(5061) : this.#ports.has(port)
  }

  /**
   * RFC 3261 §10.3 step 5: user and domain, no parameters, no port of ours; sip and sips are one user. A telephone number is the
   * number that it is expanded to. This is where its registration is kept; `addressesOfRecord` says where it is looked for.
   */
  addressOfRecord(uri: UserUri): string {
    return this.#keyOf(uri.user === undefined ? undefined : this.numbers.keyOf(uri), uri.host)
  }

  /** All that the user may be registered as, in the order in which it is looked for. */
  addressesOfRecord(uri: UserUri): readonly string[] {
    if (uri.user === undefined) return [this.#keyOf(undefined, uri.host)]
    return this.numbers.readingsOf(uri).map(({ user }) => this.#keyOf(user, uri.host))
  }

  /** What an address-of-record that was kept before, perhaps under another sipd.conf, is called now. */
  renamed(addressOfRecord: string): string {
    const [, user, host = ''] = /^sip:(?:(.*)@)?([^@]*)$/s.exec(addressOfRecord) ?? []
    const bare = unbracketed(host)
    const isOurs = this.#isName(withoutRoot(bare)) || this.#addresses.has(plain(bare))
    return isOurs ? this.#keyOf(user, bare) : addressOfRecord
  }

  #keyOf(user: string | undefined, host: string): string {
    const domain = user !== undefined && isE164(user) ? this.domainOf('') : this.domainOf(host)
    return `sip:${user === undefined ? '' : `${user}@`}${domain.includes(':') ? `[${domain}]` : domain}`
  }

  /**
   * The domain whose users a host of ours stands for: a name or an address that leads to one, else an address or the name of this
   * machine, and the missing host of a tel URI, for the first.
   */
  domainOf(written: string): string {
    const host = withoutRoot(written)
    if (this.#domains.has(host)) return host
    const led = this.#domainsByHost.get(plain(host))
    if (led !== undefined) return led
    const isNoDomain = host === '' || isIP(host) !== 0 || this.#addresses.has(plain(host))
    return isNoDomain ? (this.#firstDomain ?? host) : host
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
