/** Server-core directives: what a SIP proxy, redirect server and registrar does, and its timers. */
import { interpretations } from '../../numbers/number-plan.ts'
import { list, one, optional } from '../declare/directive.ts'
import {
  domain,
  hex,
  ipAddress,
  oneOf,
  onOff,
  port,
  remarking,
  text,
  transport,
  transportOrder,
  whole,
  words,
} from '../declare/kinds.ts'

const hourMs = 3_600_000
const farmToCome = 'farms are to come'

export const serverCore = {
  CSPSVersion: optional(text('version'), {
    help: 'The version that wrote the file.',
    changes: 'reload',
    inForce: 'nothing depends on it',
  }),
  ProxyDomain: optional(domain, {
    help: 'The domain that this server answers for; registrations of its users are kept here.',
    changes: 'reload',
    inForce: true,
  }),
  StatefulServer: one(onOff, 'On', {
    help: 'Keep the state of transactions: retransmit, fork, and give the best response. Off forwards and forgets.',
    changes: 'restart',
    inForce: true,
  }),
  SipResolveLocalContactsInRedirectMode: one(onOff, 'Off', {
    help: 'A redirect server gives the next hop of a route in place of the host of a contact.',
    changes: 'reload',
    inForce: true,
  }),
  UseCallerPreferences: one(onOff, 'On', {
    help: 'Let what a caller prefers win over what is set here: Request-Disposition (proxy, redirect, fork, cancel, recurse, parallel), Accept-Contact and Reject-Contact (RFC 3841).',
    changes: 'reload',
    inForce: true,
  }),
  ServerType: one(oneOf(['Proxy', 'Redirect']), 'Proxy', {
    help: 'Forward requests, or answer them with 302 and the contacts.',
    changes: 'reload',
    inForce: true,
  }),
  Recursive: one(onOff, 'On', {
    help: 'Try the contacts of a 3xx response here; Off gives the response to the caller.',
    changes: 'reload',
    inForce: true,
  }),
  MaxForks: one(whole(1, 6), '5', {
    help: 'Branches that a request may have at most.',
    changes: 'reload',
    inForce: true,
  }),
  NumericUsernameInterpretation: one(oneOf(interpretations), 'E164_IP', {
    help: 'How a user of digits without ;user= is looked up: as a telephone number first (E164_IP) or alone (E164), or as a name at its host first (IP_164) or alone (IP).',
    changes: 'reload',
    inForce: true,
  }),
  NumericUsernameCharacterSet: one(text('set of characters'), '+0123456789.-()', {
    help: 'The characters that a telephone number is written with; ( ) . - among them are removed before it is looked up.',
    changes: 'reload',
    inForce: true,
  }),
  OrigUserNameSource: one(oneOf(['From', 'Auth']), 'Auth', {
    help: 'Where the name of the caller comes from in what is sent to RADIUS.',
    changes: 'reload',
    inForce: 'accounting over RADIUS is to come',
  }),
  NumExpandAuthUserName: one(onOff, 'On', {
    help: 'Expand numbers of the username in Authorization as well.',
    changes: 'reload',
    inForce: 'digest authentication is not implemented yet',
  }),
  SrvForFqdnOnly: one(onOff, 'Off', {
    help: 'Look up SRV records only for hosts with a dot in their name.',
    changes: 'reload',
    inForce: true,
  }),
  SipT1InMs: one(whole(1, 60_000, 'ms'), '500', {
    help: 'T1: the first interval of retransmissions (RFC 3261 §17).',
    changes: 'reload',
    inForce: true,
  }),
  SipT2InMs: one(whole(1, 600_000, 'ms'), '4000', {
    help: 'T2: the longest interval of retransmissions, but for INVITE.',
    changes: 'reload',
    inForce: true,
  }),
  SipT3InMs: one(whole(1, hourMs, 'ms'), '60000', {
    help: 'How long a ringing call may ring, when its INVITE has no Expires.',
    changes: 'reload',
    inForce: true,
  }),
  SipMaxT3InMs: one(
    remarking(whole(1, hourMs, 'ms'), (value) =>
      value < 180_000
        ? 'SipMaxT3InMs is below 180000: RFC 3261 §16.6 wants its timer C longer than three minutes, or calls end while they ring'
        : undefined,
    ),
    '180000',
    {
      help: 'How long a call may ring at most, whatever its Expires says: timer C of RFC 3261 §16.6.',
      changes: 'reload',
      inForce: true,
    },
  ),
  SipT4InMs: one(whole(1, hourMs, 'ms'), '32000', {
    help: 'How long a transaction is held after its final response: 64*T1, for what is still under way.',
    changes: 'reload',
    inForce: true,
  }),
  MaxInviteRetxCount: one(whole(0, 6), '6', {
    help: 'How often an INVITE is sent again.',
    changes: 'reload',
    inForce: true,
  }),
  MaxNonInviteRetxCount: one(whole(0, 10), '10', {
    help: 'How often any other request is sent again.',
    changes: 'reload',
    inForce: true,
  }),
  SharedMemorySize: one(whole(32_000_000, 512_000_000, 'octets'), '128000000', {
    help: 'What finished transactions that are held for retransmissions may take. No memory is shared here; the oldest go first.',
    changes: 'reload',
    inForce: true,
  }),
  RegistryCleanupRate: one(whole(10, 24 * hourMs, 'ms'), '180000', {
    help: 'How often registrations that ran out are taken away; what ran out is not used before either.',
    changes: 'reload',
    inForce: true,
  }),
  AddRecordRoute: one(onOff, 'Off', {
    help: 'Stay in the path of a call: add Record-Route to the INVITE that begins it. A proxy only.',
    changes: 'reload',
    inForce: true,
  }),
  AddTransportInRecordRoute: one(onOff, 'Off', {
    help: 'Name the transport in Record-Route, for equipment that does not look it up in the DNS.',
    changes: 'reload',
    inForce: true,
  }),
  SipRouteHeaderTransportType: one(transport, 'UDP', {
    help: 'The transport to a Route that names none.',
    changes: 'reload',
    inForce: true,
  }),
  AllowNaptrLookup: one(onOff, 'On', {
    help: 'Ask the DNS which transport a domain prefers (RFC 3263 §4.1).',
    changes: 'reload',
    inForce: true,
  }),
  TransportPrefOrder: one(transportOrder, 'TLS_TCP_UDP', {
    help: 'The order in which SRV records are looked up where no NAPTR record chooses a transport. TLS counts only with SipTlsEnable. A target without SRV records, or with an address or a port, is reached over UDP if the order has it, otherwise over the first (RFC 3263 §4.1).',
    changes: 'reload',
    inForce: true,
  }),
  DiffServValue: one(hex(0xff), '0x60', {
    help: 'The TOS octet of packets that are sent.',
    changes: 'reload',
    inForce:
      'Node.js has no way to set the TOS octet of UDP datagrams; mark them with nftables (ip dscp set). TCP and TLS connections have it where Node.js can set it (24 and later)',
    warnsAtDefault: true,
  }),
  Sip_Token_Port: one(port, '22794', {
    help: 'The port of the synchronization server.',
    changes: 'restart',
    inForce: farmToCome,
  }),
  Sip_Services_Port: one(port, '52931', {
    help: 'The port on the synchronization server.',
    changes: 'restart',
    inForce: farmToCome,
  }),
  ProxyAddressResolutionType: one(oneOf(['IP', 'A', 'SRV']), 'IP', {
    help: 'What this server calls itself in Via and Record-Route: its address, ServerName, or ProxyDomain.',
    changes: 'reload',
    inForce: true,
  }),
  IpAddrInPathHeaders: optional(ipAddress, {
    help: 'The address in Via and Record-Route when ProxyAddressResolutionType is IP, for hosts with several; otherwise that of the socket.',
    changes: 'reload',
    inForce: true,
  }),
  IgnoreProxyRequire: list(words('option tag'), {
    help: 'Extensions in Proxy-Require that are taken for known, so that no 420 is given.',
    changes: 'reload',
    inForce: true,
  }),
  SIPStatsLog: one(onOff, 'On', { help: 'Write statistics to logs/sipd/stats_log.', changes: 'reload', inForce: true }),
  SIPStatsInterval: one(whole(1, 604_800, 's'), '3600', {
    help: 'How often statistics are written.',
    changes: 'reload',
    inForce: true,
  }),
  SharedMemoryStatsLog: one(onOff, 'Off', {
    help: 'Write the memory of each process, and how many finished transactions it holds in SharedMemorySize, to logs/sipd/sharedmem_stats_log.',
    changes: 'reload',
    inForce: true,
  }),
  SharedMemoryStatsInterval: one(whole(1, 10_080, 'minutes'), '5', {
    help: 'How often it is written.',
    changes: 'reload',
    inForce: true,
  }),
} as const
