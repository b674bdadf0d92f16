import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PeerCertificate } from 'node:tls'
import { checkSipIdentity } from '../../sipd/transport/certificate.ts'

/** What is looked at of a certificate. */
function certificate(subjectaltname: string, CN = 'somebody'): PeerCertificate {
  const parts: Pick<PeerCertificate, 'subjectaltname'> & { subject: { CN: string } } = {
    subjectaltname,
    subject: { CN },
  }
  return parts as PeerCertificate
}

test('a certificate is for the domains of its sip: URIs, its DNS names and addresses (RFC 5922 §7.1)', () => {
  for (const [names, domain, isFor] of [
    ['URI:sip:example.test', 'example.test', true],
    ['URI:sip:Example.Test', 'EXAMPLE.test.', true],
    ['URI:sip:other.test, URI:sip:example.test', 'example.test', true],
    ['DNS:host.example.test, URI:sip:example.test', 'example.test', true],
    ['DNS:host.example.test, URI:sip:example.test', 'host.example.test', true],
    ['IP Address:192.0.2.1', '192.0.2.1', true],
    ['DNS:example.test', 'example.test', true],
    // A user's, another scheme, and what only looks like a URI beside others.
    ['URI:sip:ann@example.test', 'example.test', false],
    ['URI:sips:example.test', 'example.test', false],
    ['URI:https://example.test', 'example.test', false],
    ['DNS:"x, URI:sip:example.test"', 'example.test', false],
    ['URI:sip:example.test', 'host.example.test', false],
    ['URI:sip:*.example.test', 'host.example.test', false],
    ['URI:sip:other.test', 'example.test', false],
  ] as const)
    assert.equal(checkSipIdentity(domain, certificate(names)) === undefined, isFor, `${names} for ${domain}`)
})
