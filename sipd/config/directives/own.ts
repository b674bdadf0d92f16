/** Directives that the ancestor does not have: bounds on what callers may cost, and contacts that are always there. */
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
      return { expected: 'an address-of-record such as sip:user@company.com, and then a contact' }
    if (!parseSipUri(contact))
      return { expected: 'a contact such as sip:user@192.0.2.1:5060 after the address-of-record', at: 1 }
    // RFC 3261 §25.1: qvalue.
    if ((q !== undefined && !/^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(q)) || more.length > 0)
      return { expected: 'a q from 0 to 1 with three digits after the point at most, as the last', at: 2 }
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
    help: 'A shorter time is refused with 423.',
    changes: 'reload',
    inForce: true,
  }),
  RegistrarMaxExpires: one(whole(60, 4_294_967, 's'), '86400', {
    help: 'A longer time is cut to this.',
    changes: 'reload',
    inForce: true,
  }),
  RegistrarDefaultExpires: one(whole(60, 4_294_967, 's'), '3600', {
    help: 'How long a registration lasts that names no time.',
    changes: 'reload',
    inForce: true,
  }),
  RegistrarMaxContacts: one(whole(1, 1000), '10', {
    help: 'Contacts that one address-of-record may have.',
    changes: 'reload',
    inForce: true,
  }),
  RegistrarMaxUsers: one(whole(1, 10_000_000), '20000', {
    help: 'Addresses-of-record that are kept at most; one more is answered with 503.',
    changes: 'reload',
    inForce: true,
  }),
  RegistrarMaxOctets: one(whole(0, 4_000_000_000, 'octets'), '0', {
    help: 'What all registrations may take in memory, and half of what their file may; 0 is 3200 for each of RegistrarMaxUsers. What does not fit is answered with 503, and not loaded at a start.',
    changes: 'reload',
    inForce: true,
  }),
  RegistrarNewUsersPerMinute: one(whole(0, 1_000_000, 'a minute'), '600', {
    help: 'Users that one source may add in a minute; more are answered with 503 and Retry-After. 0 is never. Who is registered refreshes without it. Sources without a share are not counted.',
    changes: 'reload',
    inForce: true,
  }),
  StaticContact: many(
    staticContact,
    { help: 'A contact that is there without a registration, and never runs out.', changes: 'reload', inForce: true },
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
    help: 'Live transactions that are kept at most; a request beyond them is answered with 503.',
    changes: 'reload',
    inForce: true,
  }),
  MaxOctets: one(whole(16_000_000, 4_000_000_000, 'octets'), '256000000', {
    help: 'What the traffic of others may take in memory: transactions under way, half-sent messages, answers that nobody reads, calls. Each of StartServers has its part. A request beyond is answered with 503 and Retry-After, a connection closed.',
    changes: 'reload',
    inForce: true,
  }),
  SourceSharePercent: one(whole(1, 100, 'percent'), '25', {
    help: 'What one source, an IPv4 address or an IPv6 /64, may have of MaxOctets, of RegistrarMaxOctets and of RegistrarMaxUsers. The IPv6 networks of one /48 have twice as much together, 75 percent at most. Loopback addresses have all of them unless the directive is written.',
    changes: 'reload',
    inForce: true,
  }),
  SourceShareExempt: list(networks, {
    help: 'Sources that may have all of it: gateways and session border controllers that carry the calls of many. An IPv6 address stands for its /64.',
    changes: 'reload',
    inForce: true,
  }),
  FloodThreshold: one(whole(0, 1_000_000, 'a second'), '2000', {
    help: 'New requests of one IPv4 address, or IPv6 /64, before it is slowed; 0 is never. Loopback addresses are slowed only when the directive is written.',
    changes: 'reload',
    inForce: true,
  }),
  AllowRelay: list(
    networks,
    {
      help: 'Whose requests are passed on to other domains, and by static routes, where other machines reach sipd: addresses, and networks as address/length. Others reach our own users; anything else is answered with 403.',
      changes: 'reload',
      inForce: true,
    },
    1000,
  ),
  AllowRelayRegistered: one(onOff, 'Off', {
    help: 'Whether requests of a registered user are passed on in this way too, from where the user registered. Anybody may register until there is digest authentication: only where a firewall lets none but your phones reach sipd.',
    changes: 'reload',
    inForce: true,
  }),
  RetryAfterSeconds: one(whole(1, 86_400, 's'), '60', {
    help: "Retry-After in every 503 of sipd itself: while sip txngraceful-restart drains, at a bound, in a flood; the ancestor's RESTART_TIMER.",
    changes: 'reload',
    inForce: true,
  }),
  MaxRingSeconds: one(whole(0, 86_400, 's'), '1800', {
    help: 'How long a call may ring in all, whatever its phones send: a 180 each minute keeps it from SipT3InMs for ever (RFC 3261 §16.7). 0 is without end.',
    changes: 'reload',
    inForce: true,
  }),
  DrainSeconds: one(whole(0, 86_400, 's'), '600', {
    help: 'How long transactions may take to finish at a graceful restart, and how long connections stay with the worker that has them; they end one after the other in the second half.',
    changes: 'reload',
    inForce: true,
  }),
} as const
