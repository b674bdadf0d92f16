/** The SIP domains that a certificate is for (RFC 5922 §7.1): its sip: URIs without a user, and its names of the DNS. */
import { checkServerIdentity, type PeerCertificate } from 'node:tls'

/** Undefined when the certificate is for this domain, or address. */
export function checkSipIdentity(domain: string, certificate: PeerCertificate): Error | undefined {
  if (uriDomains(certificate.subjectaltname ?? '').includes(withoutRoot(domain.toLowerCase()))) return undefined
  return checkServerIdentity(domain, certificate)
}

/** As Node prints alternative names: `DNS:a.test, URI:sip:a.test`, with a value in quotes where it has a comma. */
function uriDomains(alternativeNames: string): string[] {
  const uris = [...alternativeNames.matchAll(/(?:^|, )URI:("(?:[^"\\]|\\.)*"|[^,]*)/g)].map(([, uri = '']) => uri)
  return uris.flatMap((uri) => {
    // Of another scheme, or with a user, it is no identity of a domain.
    const host = /^sip:([a-z0-9.-]+)$/i.exec(uri)?.[1]
    return host === undefined ? [] : [withoutRoot(host.toLowerCase())]
  })
}

function withoutRoot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name
}
