/** Directives that Cisco SIP Proxy Server 2.2 does not have: bounds on what callers may cost, and contacts that are always there. */
import { isIP } from 'node:net'
import { hostAndPort, parsePort } from '../../../lib/net/address.ts'
import { parseSipUri } from '../../message/uri.ts'
import { list, many, one } from '../declare/directive.ts'
import { type Endpoint, type Kind, onOff, whole, words } from '../declare/kinds.ts'

export interface StaticContact {
  readonly addressOfRecord: string
  readonly contact: string
  /** 0 to 1; undefined when none is given. */
  readonly q: number | undefined
}

const staticContact: Kind<StaticContact> = {
  type: 'address-of-record contact [q]',
  parse: ([addressOfRecord = '', contact = '', q, ...more]) => {
    const record = parseSipUri(addressOfRecord)
    if (record?.user === undefined)
      return { expected: 'an address-of-record such as sip:user@company.com, followed by a contact' }
    if (!parseSipUri(contact))
      return { expected: 'an address-of-record followed by a contact such as sip:user@192.0.2.1:5060', at: 1 }
    // RFC 3261 §25.1: qvalue.
    if ((q !== undefined && !/^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(q)) || more.length > 0)
      return {
        expected: 'an address-of-record, a contact and a q from 0 to 1 with at most three digits after the point',
        at: 2,
      }
    return { value: { addressOfRecord, contact, q: q === undefined ? undefined : Number(q) } }
  },
  format: ({ addressOfRecord, contact, q }) => [addressOfRecord, contact, ...(q === undefined ? [] : [String(q)])],
}

/** An address, or a network as `address/length`. */
export function isNetwork(text: string): boolean {
  const [address = '', length, ...more] = text.split('/')
  const family = isIP(address)
  if (family === 0 || more.length > 0) return false
  return length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= (family === 4 ? 32 : 128))
}

/** A name server: `192.0.2.53`, `192.0.2.53:5353`, `2001:db8::53` or `[2001:db8::53]:5353`. */
const nameServer: Kind<Endpoint> = {
  type: 'ADDRESS[:PORT]',
  parse: ([text = '', ...more]) => {
    const [, bracketed, dotted, digits] = /^(?:\[([^\]]+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(text) ?? []
    const address = bracketed ?? dotted ?? text
    const port = digits === undefined ? dnsPort : parsePort(digits)
    const isAddress = bracketed === undefined ? isIP(address) !== 0 : isIP(address) === 6
    if (!isAddress || port === undefined || more.length > 0)
      return { expected: 'the address of a name server such as 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:5353' }
    return { value: { address, port } }
  },
  format: ({ address, port }) => [port === dnsPort ? address : hostAndPort(address, port)],
}
const dnsPort = 53

const networks = words('ADDRESS[/LENGTH]', isNetwork)

export const own = {
  RegistrarMinExpires: one(whole(0, 86_400, 's'), '60', {
    help: 'The shortest registration; a shorter one is refused with 423.',
    changes: 'reload',
    inForce: true,
  }),
  RegistrarMaxExpires: one(whole(60, 4_294_967, 's'), '86400', {
    help: 'The longest registration; a longer one is shortened to this.',
    changes: 'reload',
    inForce: true,
  }),
  RegistrarDefaultExpires: one(whole(60, 4_294_967, 's'), '3600', {
    help: 'How long a registration lasts when the phone asks for no time.',
    changes: 'reload',
    inForce: true,
  }),
  RegistrarMaxContacts: one(whole(1, 1000), '10', {
    help: 'The most contacts that one address-of-record may have.',
    changes: 'reload',
    inForce: true,
  }),
  RegistrarMaxUsers: one(whole(1, 10_000_000), '20000', {
    help: 'The most addresses-of-record that are kept; one more is answered with 503.',
    changes: 'reload',
    inForce: true,
  }),
  RegistrarMaxOctets: one(whole(0, 4_000_000_000, 'octets'), '0', {
    help: 'The memory that all registrations may take; their file may take twice as much. 0 means 3200 octets for each of RegistrarMaxUsers. A registration that does not fit is answered with 503, and not loaded at a start.',
    changes: 'reload',
    inForce: true,
  }),
  RegistrarNewUsersPerMinute: one(whole(0, 1_000_000, 'a minute'), '600', {
    help: 'How many new users one source may register in a minute; more are answered with 503 and Retry-After. 0 means no limit. Refreshes are not counted, nor are sources that have no share.',
    changes: 'reload',
    inForce: true,
  }),
  StaticContact: many(
    staticContact,
    { help: 'A contact that needs no registration and never expires.', changes: 'reload', inForce: true },
    { keyOf: ({ addressOfRecord, contact }) => `${addressOfRecord} ${contact}` },
  ),
  NameServer: many(
    nameServer,
    {
      help: 'A name server that sipd asks, in place of those of /etc/resolv.conf. Written several times, the next is asked when the one before does not answer.',
      changes: 'reload',
      inForce: true,
    },
    { most: 3, keyOf: ({ address, port }) => hostAndPort(address, port) },
  ),
  MaxTransactions: one(whole(1, 10_000_000), '100000', {
    help: 'The most live transactions; a request beyond them is answered with 503.',
    changes: 'reload',
    inForce: true,
  }),
  MaxOctets: one(whole(16_000_000, 4_000_000_000, 'octets'), '256000000', {
    help: 'The memory that traffic may take: open transactions, incomplete messages, responses that a peer does not read, calls. Each of StartServers workers has an equal part. A request beyond it is answered with 503 and Retry-After, and a connection is closed.',
    changes: 'reload',
    inForce: true,
  }),
  SourceSharePercent: one(whole(1, 100, 'percent'), '25', {
    help: 'The share of MaxOctets, RegistrarMaxOctets and RegistrarMaxUsers that one source may use. A source is an IPv4 address or an IPv6 /64. All IPv6 networks of one /48 together may use twice as much, and 75 percent at most. Loopback addresses are not limited unless this directive is written.',
    changes: 'reload',
    inForce: true,
  }),
  SourceShareExempt: list(networks, {
    help: 'Sources that SourceSharePercent does not limit: gateways and session border controllers that carry the calls of many users. An IPv6 address stands for its /64.',
    changes: 'reload',
    inForce: true,
  }),
  FloodThreshold: one(whole(0, 1_000_000, 'a second'), '2000', {
    help: 'How many new requests an IPv4 address or IPv6 /64 may send before it is slowed down; 0 means no limit. Loopback addresses are slowed down only when this directive is written.',
    changes: 'reload',
    inForce: true,
  }),
  AllowRelay: list(
    networks,
    {
      help: 'Sources whose requests are relayed to other domains, and by static routes, when other machines can reach sipd: addresses, or networks as address/length. Requests of all others reach only users of this server; anything else is answered with 403.',
      changes: 'reload',
      inForce: true,
    },
    1000,
  ),
  AllowRelayRegistered: one(onOff, 'Off', {
    help: 'Relay requests of a registered user in the same way, when they come from the address that the user registered from. There is no digest authentication yet, so anybody may register: use this only behind a firewall that lets only your phones reach sipd.',
    changes: 'reload',
    inForce: true,
  }),
  RetryAfterSeconds: one(whole(1, 86_400, 's'), '60', {
    help: 'The Retry-After of every 503 that sipd itself sends: before a sip txngraceful-restart, when a limit is reached, in a flood. Cisco SIP Proxy Server 2.2 calls it RESTART_TIMER.',
    changes: 'reload',
    inForce: true,
  }),
  MaxRingSeconds: one(whole(0, 86_400, 's'), '1800', {
    help: 'How long a call may ring in all. A phone that sends 180 every minute restarts the timer SipT3InMs each time (RFC 3261 §16.7); this limit still applies. 0 means no limit.',
    changes: 'reload',
    inForce: true,
  }),
  DrainSeconds: one(whole(0, 86_400, 's'), '600', {
    help: 'How long transactions may take to finish at a graceful restart. Connections stay with their worker for the first half of this time, and are closed one after the other in the second half.',
    changes: 'reload',
    inForce: true,
  }),
} as const
