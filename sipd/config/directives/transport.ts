/** Server-core directives of TCP and TLS: how many connections, how long, and whose certificates. */
import { one, optional } from '../declare/directive.ts'
import { onOff, path, port, whole } from '../declare/kinds.ts'

export const transport = {
  SipTcpMaxTCPConnections: one(whole(0, 1_000_000), '10000', {
    help: 'The most TCP and TLS connections that may be open at once; 0 means as many as the system allows. Cisco SIP Proxy Server 2.2 has 128 and ignores the value.',
    changes: 'reload',
    inForce: true,
  }),
  SipTcpMaxConnectTimeout: one(whole(150, 10_000, 'ms'), '1000', {
    help: 'How long a connection may take to open.',
    changes: 'reload',
    inForce: true,
  }),
  SipTcpReuseConnection: one(onOff, 'Off', {
    help: 'Keep connections open for the next transaction with the same peer. All peers should do the same. Connections to the peers of persistent_tcp.conf are always kept.',
    changes: 'reload',
    inForce: true,
  }),
  SipTlsEnable: one(onOff, 'Off', {
    help: 'Serve TLS on SipTlsPort, and use TLS where sips: or the DNS requires it.',
    changes: 'restart',
    inForce: true,
  }),
  AllowSipTlsConversionToSip: one(onOff, 'Off', {
    help: 'Let a sips: request reach a sip: contact. The last hop is then not encrypted.',
    changes: 'reload',
    inForce: true,
  }),
  SipTlsPort: one(port, '5061', {
    help: 'The TLS port on each address of Listen.',
    changes: 'restart',
    inForce: true,
  }),
  SipTlsSessionTimeout: one(whole(0, 604_800, 's'), '300', {
    help: 'How long a TLS session may be resumed.',
    changes: 'restart',
    inForce: true,
  }),
  SipTlsCertificateFile: optional(path, {
    help: "The server's certificate and its intermediate certificates, as PEM.",
    changes: 'restart',
    inForce: true,
  }),
  SipTlsCertificateKeyFile: optional(path, {
    help: 'The private key of that certificate, as PEM. Nobody but the owner may be able to read the file.',
    changes: 'restart',
    inForce: true,
  }),
  SipTlsCACertificateFile: optional(path, {
    help: 'The certificate authorities that are trusted, as PEM.',
    changes: 'restart',
    inForce: true,
  }),
  SipTlsMutualAuthentication: one(onOff, 'Off', {
    help: 'Require a certificate from clients too.',
    changes: 'restart',
    inForce: true,
  }),
} as const
