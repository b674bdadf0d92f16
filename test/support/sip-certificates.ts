/** Certificates as openssl makes them: an authority, one for example.test and one for a client, valid for a day. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Certificates {
  readonly folder: string
  readonly authority: string
  readonly server: { readonly certificate: string; readonly key: string }
  readonly client: { readonly certificate: string; readonly key: string }
  /** For uri.example.test, by a sip: URI and no other name. */
  readonly uriOnly: { readonly certificate: string; readonly key: string }
}

/** Paths of PEM files in a new temporary folder, which the caller removes. The server's are for `address`, too. */
export function makeCertificates(address?: string): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'certificates-'))
  const path = (name: string): string => join(folder, name)
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl(
    ...['req', '-x509', ...newKey, '-days', '1', '-subj', '/CN=Authority of the tests'],
    ...['-keyout', path('authority.key'), '-out', path('authority.pem')],
  )
  const issue = (name: string, alternative: string) => {
    const [key, request, certificate, extensions] = ['key', 'csr', 'pem', 'ext'].map((end) => path(`${name}.${end}`))
    openssl('req', ...newKey, '-subj', `/CN=${name}`, '-keyout', key!, '-out', request!)
    writeFileSync(extensions!, `subjectAltName=${alternative}\n`)
    openssl(
      ...['x509', '-req', '-in', request!, '-days', '1', '-CA', path('authority.pem'), '-CAkey', path('authority.key')],
      ...['-CAcreateserial', '-extfile', extensions!, '-out', certificate!],
    )
    return { certificate: certificate!, key: key! }
  }
  return {
    folder,
    authority: path('authority.pem'),
    // RFC 5922 §7.1: the domain stands as a DNS name or a SIP URI among the alternative names.
    server: issue(
      'example.test',
      `DNS:example.test,URI:sip:example.test${address === undefined ? '' : `,IP:${address}`}`,
    ),
    client: issue('ann.example.test', 'DNS:ann.example.test'),
    uriOnly: issue('somebody', 'URI:sip:uri.example.test'),
  }
}
