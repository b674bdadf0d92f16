/** TLS for SIP (RFC 3261 §26.3): our certificate, whom we believe, and whose certificate a next hop must show (RFC 5922). */

import { isIP } from 'node:net'
import type { ConnectionOptions, TlsOptions } from 'node:tls'
import { checkSipIdentity } from './certificate.ts'

export interface TlsIdentity {
  readonly server: TlsOptions
  readonly client: ConnectionOptions
}

export interface TlsFiles {
  readonly certificate: Buffer
  readonly key: Buffer
  /** Authorities believed; undefined leaves the system's. */
  readonly authorities: Buffer | undefined
  /** SipTlsMutualAuthentication. */
  readonly isMutual: boolean
  readonly sessionTimeoutSeconds: number
}

const minVersion = 'TLSv1.2'

export function tlsIdentity(files: TlsFiles): TlsIdentity {
  const own = {
    cert: files.certificate,
    key: files.key,
    ...(files.authorities && { ca: files.authorities }),
    minVersion,
  } as const
  return {
    server: {
      ...own,
      requestCert: files.isMutual,
      rejectUnauthorized: files.isMutual,
      sessionTimeout: files.sessionTimeoutSeconds,
    },
    client: own,
  }
}

/** For a connection to a next hop: its certificate has to be for the domain that led there. */
export function tlsOptionsFor(identity: TlsIdentity | undefined, domain: string): ConnectionOptions {
  return {
    ...(identity?.client ?? { minVersion }),
    rejectUnauthorized: true,
    checkServerIdentity: (_host, certificate) => checkSipIdentity(domain, certificate),
    // Server names are names (RFC 6066 §3); the check of the certificate takes addresses as well.
    ...(isIP(domain) === 0 && { servername: domain }),
  }
}
