/** What sipd.conf means to a worker: the words of the configuration as the values that the parts ask for. */
import { isIP } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import { join, resolve } from 'node:path'
import { messageOf } from '../../lib/errors.ts'
import type { Home } from '../../lib/home/home.ts'
import { isLoopbackAddress, isWildcardAddress, withoutZone } from '../../lib/net/address.ts'
import { localAddresses } from '../../lib/net/local-addresses.ts'
import type { SipdConfig } from '../config/directives.ts'
import type { ReadConfig } from '../config/read.ts'
import type { ReadFile } from '../config/tls-files.ts'
import type { DnsPolicy } from '../locate/locator.ts'
import type { Binding, Change } from '../location/binding.ts'
import type { TransportName } from '../message/hop.ts'
import { parseQ } from '../message/q.ts'
import { parseRequestUri } from '../message/uri.ts'
import type { NumberPlanOptions } from '../numbers/number-plan.ts'
import { Identity, type IdentityOptions, type Listener } from '../proxy/identity.ts'
import type { ServerSettings } from '../server/server.ts'
import { type TlsIdentity, tlsIdentity } from '../transport/tls.ts'

export function serverSettings({ config, origins, persistentTcp }: ReadConfig): ServerSettings {
  const share = (whole: number): number => Math.ceil(whole / config.StartServers)
  return {
    identity: identityOf(config),
    policy: {
      stateful: config.StatefulServer,
      redirect: config.ServerType === 'Redirect',
      redirectsToNextHops: config.SipResolveLocalContactsInRedirectMode,
      recursive: config.Recursive,
      usesCallerPreferences: config.UseCallerPreferences,
      maxForks: config.MaxForks,
      addRecordRoute: config.AddRecordRoute,
      addTransportInRecordRoute: config.AddTransportInRecordRoute,
      ignoredExtensions: new Set(config.IgnoreProxyRequire.map((tag) => tag.toLowerCase())),
      ringMs: config.SipT3InMs,
      maxRingMs: config.SipMaxT3InMs,
      longestRingMs: config.MaxRingSeconds * 1000,
      allowsSipsToSip: config.AllowSipTlsConversionToSip,
      routeTransport: config.SipRouteHeaderTransportType,
    },
    configuredNames: configuredNames(config, persistentTcp),
    dns: dnsPolicyOf(config),
    enumDomains: config.Cisco_Enum
      ? { ofPrivatePlan: config.Cisco_Enum_Domain, ofGlobalPlan: config.Cisco_Enum_Global_Domain }
      : undefined,
    relay: {
      exposed: config.Listen.map(({ address }) => !isLoopbackAddress(address)),
      allowed: config.AllowRelay,
      allowsRegistered: config.AllowRelayRegistered,
    },
    timers: {
      t1Ms: config.SipT1InMs,
      t2Ms: config.SipT2InMs,
      holdMs: config.SipT4InMs,
      inviteRetransmissions: config.MaxInviteRetxCount,
      nonInviteRetransmissions: config.MaxNonInviteRetxCount,
    },
    registrar: config.Cisco_Registry
      ? {
          minExpiresSeconds: config.RegistrarMinExpires,
          maxExpiresSeconds: config.RegistrarMaxExpires,
          defaultExpiresSeconds: config.RegistrarDefaultExpires,
          contactsPerUser: config.RegistrarMaxContacts,
          users: config.RegistrarMaxUsers,
          usersPerSource: Math.ceil((config.RegistrarMaxUsers * config.SourceSharePercent) / 100),
          newUsersPerMinute: share(config.RegistrarNewUsersPerMinute),
          retryAfterSeconds: config.RetryAfterSeconds,
        }
      : undefined,
    // What is said of the server is shared among its workers, which the requests of one address are spread over as well.
    maxTransactions: share(config.MaxTransactions),
    maxHeldOctets: share(config.SharedMemorySize),
    // On loopback the appliance talks with itself; who writes a threshold means it for everybody.
    flood: { perSecond: share(config.FloodThreshold), exemptsLoopback: !origins.has('FloodThreshold') },
    retryAfterSeconds: config.RetryAfterSeconds,
  }
}

/** What sipd.conf says of looking names up. */
export function dnsPolicyOf(config: SipdConfig): DnsPolicy {
  return {
    usesNaptr: config.AllowNaptrLookup,
    srvForFqdnOnly: config.SrvForFqdnOnly,
    transportOrder: config.TransportPrefOrder,
  }
}

export function identityOf(config: SipdConfig): IdentityOptions {
  const { ProxyDomain, ServerName, VirtualProxyHost, Cisco_Registry_Use_Virtual_Proxy_Host } = config
  const virtual = Cisco_Registry_Use_Virtual_Proxy_Host ? VirtualProxyHost : []
  const domains = [
    ProxyDomain,
    ...virtual.map(({ Virtual_Proxy_Domain }) => Virtual_Proxy_Domain),
    ProxyDomain === undefined ? ServerName : undefined,
  ]
  const addresses = virtual.flatMap(({ Virtual_Proxy_Server_IP: address }) => address ?? [])
  return {
    listeners: listenersOf(config),
    domains: domains.filter((domain) => domain !== undefined),
    addresses: [...coveredAddresses(config), ...addresses],
    domainsByHost: domainsByHost(virtual, ServerName, ProxyDomain),
    numbers: numbersOf(config),
  }
}

/** Names and addresses of this server, each for the domain whose users are reached there. */
function domainsByHost(
  virtual: SipdConfig['VirtualProxyHost'],
  serverName: string | undefined,
  proxyDomain: string | undefined,
): ReadonlyMap<string, string> {
  const led = new Map<string, string>()
  if (serverName !== undefined && proxyDomain !== undefined) led.set(serverName, proxyDomain)
  for (const { Virtual_Proxy_Domain, Virtual_Proxy_Server_Name, Virtual_Proxy_Server_IP } of virtual) {
    for (const host of [Virtual_Proxy_Server_Name, Virtual_Proxy_Server_IP])
      if (host !== undefined) led.set(host, Virtual_Proxy_Domain)
  }
  return led
}

/** What sipd.conf says of telephone numbers. */
export function numbersOf(config: SipdConfig): NumberPlanOptions {
  return {
    interpretation: config.NumericUsernameInterpretation,
    characters: config.NumericUsernameCharacterSet,
    rules: config.Cisco_Numexpand
      ? config.NumberPlan.flatMap(({ id, NumExp }) => NumExp.map((rule) => ({ plan: id, ...rule })))
      : [],
  }
}

export function listenersOf(config: SipdConfig): Listener[] {
  const { Listen, SipTlsEnable, SipTlsPort } = config
  const transports: readonly TransportName[] = SipTlsEnable ? ['UDP', 'TCP', 'TLS'] : ['UDP', 'TCP']
  return Listen.map(({ address, port }, i) => ({
    transports,
    address,
    port,
    sentBy: sentByOf(config, address),
    // One TLS port an address, however many others it has.
    tlsPort: SipTlsEnable && Listen.findIndex((other) => other.address === address) === i ? SipTlsPort : undefined,
  }))
}

/** ProxyAddressResolutionType: the name in Via and Record-Route. */
function sentByOf(config: SipdConfig, address: string): string {
  const { ProxyAddressResolutionType, ServerName, ProxyDomain, IpAddrInPathHeaders } = config
  if (ProxyAddressResolutionType === 'A') return ServerName ?? hostname()
  if (ProxyAddressResolutionType === 'SRV' && ProxyDomain !== undefined) return ProxyDomain
  if (IpAddrInPathHeaders !== undefined && isIP(IpAddrInPathHeaders) === isIP(address)) return IpAddrInPathHeaders
  if (!isWildcardAddress(address)) return withoutZone(address)
  const family = isIP(address)
  return (
    ownAddresses().find((own) => isIP(own) === family && !isLoopbackAddress(own)) ??
    (family === 6 ? '::1' : '127.0.0.1')
  )
}

function coveredAddresses({ Listen }: SipdConfig): string[] {
  return Listen.flatMap(({ address }) =>
    isWildcardAddress(address) ? localAddresses(isIP(address) === 6 ? 6 : 4) : [address],
  )
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address))
}

/** What sipd.conf and persistent_tcp.conf say of sockets. */
export function transportSettings({ config, persistentTcp }: ReadConfig, home: Home, readFile: ReadFile) {
  const { SipT1InMs, SipT3InMs, SipMaxT3InMs, SipTcpMaxConnectTimeout, SipTcpReuseConnection } = config
  return {
    listeners: listenersOf(config),
    tls: tlsOf(config, home, readFile),
    outboundIdleMs: Math.max(SipT3InMs, SipMaxT3InMs) + 64 * SipT1InMs,
    connectTimeoutMs: SipTcpMaxConnectTimeout,
    reusesConnections: SipTcpReuseConnection,
    typeOfService: config.DiffServValue,
    peers: persistentTcp,
  }
}

/** Undefined without TLS. Throws a sentence that names the file that cannot be used. */
function tlsOf(config: SipdConfig, home: Home, readFile: ReadFile): TlsIdentity | undefined {
  const { SipTlsEnable, SipTlsCertificateFile, SipTlsCertificateKeyFile, SipTlsCACertificateFile } = config
  if (!SipTlsEnable) return undefined
  const read = (directive: string, path: string): Buffer => {
    try {
      return readFile(resolve(home.root, path))
    } catch (error) {
      throw new Error(`${directive}: ${path} cannot be read: ${messageOf(error)}`)
    }
  }
  return tlsIdentity({
    certificate: read('SipTlsCertificateFile', SipTlsCertificateFile!),
    key: read('SipTlsCertificateKeyFile', SipTlsCertificateKeyFile!),
    authorities:
      SipTlsCACertificateFile === undefined ? undefined : read('SipTlsCACertificateFile', SipTlsCACertificateFile),
    isMutual: config.SipTlsMutualAuthentication,
    sessionTimeoutSeconds: config.SipTlsSessionTimeout,
  })
}

/** StaticContact: registrations that never end. */
function staticBindings(config: SipdConfig): Change[] {
  const identity = new Identity(identityOf(config))
  return config.StaticContact.flatMap(({ addressOfRecord, contact, q }): Change[] => {
    const uri = parseRequestUri(addressOfRecord)
    if (!uri) return []
    const binding: Binding = {
      contact,
      callId: 'static',
      cseq: 0,
      q: q === undefined ? 1000 : (parseQ(String(q)) ?? 1000),
      expiresAtMs: Number.POSITIVE_INFINITY,
      flow: undefined,
      path: [],
      userAgent: '',
      instance: '',
      features: '',
      source: '',
    }
    return [[identity.addressOfRecord(uri), [binding]]]
  })
}

/** What users are called whose registrations were kept before names of this server led to their domain. */
function renames(config: SipdConfig): (addressOfRecord: string) => string {
  const identity = new Identity(identityOf(config))
  return (addressOfRecord) => identity.renamed(addressOfRecord)
}

/** Hosts that requests are sent to since sipd.conf and persistent_tcp.conf say so, as far as they are names. */
function configuredNames(config: SipdConfig, peers: ReadConfig['persistentTcp']): ReadonlySet<string> {
  const contacts = config.StaticContact.map(({ contact }) => parseRequestUri(contact)?.host ?? '')
  const names = [...contacts, ...peers.map(({ host }) => host)].map((name) => name.toLowerCase().replace(/\.$/, ''))
  return new Set(names.filter((name) => name !== '' && isIP(name) === 0))
}

/** What sipd.conf says of how registrations are kept. */
export function registrationSettings(configuration: ReadConfig, home: Home) {
  const { config } = configuration
  return {
    path: registrationsPath(config, home),
    maxAgeMs: config.Cisco_Registry_Max_DB_Age_on_Boot * 1000,
    statics: staticBindings(config),
    rename: renames(config),
    cleanupEveryMs: config.RegistryCleanupRate,
    limits: serverSettings(configuration).registrar,
  }
}

/** Cisco_Registry_Rendezvous_Directory and _Name. */
export function registrationsPath(config: SipdConfig, home: Home): string {
  return join(
    resolve(home.root, config.Cisco_Registry_Rendezvous_Directory),
    `${config.Cisco_Registry_Rendezvous_Name}.sqlite`,
  )
}
