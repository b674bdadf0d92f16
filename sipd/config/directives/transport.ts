/** Server-core directives of TCP and TLS: how many connections, how long, and whose certificates. */
import { one, optional } from '../declare/directive.ts'
import { onOff, path, port, whole } from '../declare/kinds.ts'

export const transport = {
  SipTcpMaxTCPConnections: one(whole(0, 1_000_000), '10000', {
    help: 'TCP and TLS connections that may be open at once; 0 is what the system allows. The ancestor has 128, and does not look at it.',
    changes: 'reload',
    inForce: true,
  }),
  SipTcpMaxConnectTimeout: one(whole(150, 10_000, 'ms'), '1000', {
    help: 'How long a connection may take to open.',
    changes: 'reload',
    inForce: true,
  }),
  SipTcpReuseConnection: one(onOff, 'Off', {
    help: 'Keep connections open for the next transaction with the same peer; all of them should do the same. Peers in persistent_tcp.conf keep theirs in any case.',
    changes: 'reload',
    inForce: true,
  }),
  SipTlsEnable: one(onOff, 'Off', {
    help: 'Serve TLS on SipTlsPort, and use it where sips: or the DNS wants it.',
    changes: 'restart',
    inForce: true,
  }),
  AllowSipTlsConversionToSip: one(onOff, 'Off', {
    help: 'Let a sips: request end at a sip: contact. The last leg is then in the clear.',
    changes: 'reload',
    inForce: true,
  }),
  SipTlsPort: one(port, '5061', {
    help: 'The port of TLS, on each address of Listen.',
    changes: 'restart',
    inForce: true,
  }),
  SipTlsSessionTimeout: one(whole(0, 604_800, 's'), '300', {
    help: 'How long a TLS session may be resumed.',
    changes: 'restart',
    inForce: true,
  }),
  SipTlsCertificateFile: optional(path, {
    help: "The server's certificate and those that lead to its authority, as PEM.",
    changes: 'restart',
    inForce: true,
  }),
  SipTlsCertificateKeyFile: optional(path, {
    help: 'The private key of it, as PEM. Only the owner may be able to read the file.',
    changes: 'restart',
    inForce: true,
  }),
  SipTlsCACertificateFile: optional(path, {
    help: 'The authorities whose certificates are believed, as PEM.',
    changes: 'restart',
    inForce: true,
  }),
  SipTlsMutualAuthentication: one(onOff, 'Off', {
    help: 'Want a certificate from clients too.',
    changes: 'restart',
    inForce: true,
  }),
} as const
