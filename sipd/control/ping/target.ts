/** Where `sip ping` goes: the URI of the command line, or the first Listen of sipd.conf. */

import { X509Certificate } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { CommandFailure, UsageError } from '../../../lib/cli/exit-codes.ts'
import { ConfigurationError } from '../../../lib/cnf/complaint.ts'
import { messageOf } from '../../../lib/errors.ts'
import { readRegularFileSync } from '../../../lib/files/regular-file.ts'
import type { Home } from '../../../lib/home/home.ts'
import { reachableHost } from '../../../lib/net/address.ts'
import type { SipdConfig } from '../../config/directives.ts'
import { inspectConfig } from '../../config/read.ts'
import { unbracketed } from '../../message/host.ts'
import { parseSipUri } from '../../message/uri.ts'
import { hostAndPort, type PingTarget, type TlsTarget } from './exchange.ts'

/** What the command line says of TLS. */
export interface Trust extends Omit<TlsTarget, 'host'> {
  /** --tls: also for a URI that does not ask for it. */
  readonly isAsked: boolean
}

/** Throws a CommandFailure for what is no URI, cannot be resolved, or stands in a broken file. */
export async function targetOf(
  home: Home,
  uri: string | undefined,
  isTcp: boolean,
  trust: Trust = { isAsked: false },
): Promise<PingTarget> {
  if (uri !== undefined) return targetOfUri(uri, isTcp, trust)
  return trust.isAsked ? ownTlsTarget(home, trust) : ownTarget(home, isTcp)
}

async function targetOfUri(text: string, isTcp: boolean, { isAsked, ...trust }: Trust): Promise<PingTarget> {
  const parsed = parseSipUri(text)
  if (!parsed || /[\s<>"]/.test(text))
    throw new UsageError(`--uri must be such as sip:127.0.0.1:5060 or sips:example.test, got ${text}`)
  const named = parsed.parameters.get('transport')?.toLowerCase()
  const isTls = isAsked || parsed.scheme === 'sips' || named === 'tls'
  if (isTls && (isTcp || named === 'udp'))
    throw new UsageError(`${text} goes by TLS, which neither --tcp nor transport=udp is`)
  const host = unbracketed(parsed.host)
  return {
    uri: text.replace(/\?.*$/, ''), // headers are not for Request-URIs
    transport: isTls ? 'TLS' : isTcp || named === 'tcp' ? 'TCP' : 'UDP',
    address: await resolveHost(host),
    port: parsed.port ?? (isTls ? 5061 : 5060),
    ...(isTls && { tls: { host, ...trust } }),
  }
}

async function resolveHost(host: string): Promise<string> {
  if (isIP(host)) return host
  try {
    return (await lookup(host)).address
  } catch (error) {
    throw new CommandFailure(`${host} cannot be resolved: ${messageOf(error)}`)
  }
}

/** An address that stands for all of the machine's is asked at its loopback. */
function ownTarget(home: Home, isTcp: boolean): PingTarget {
  const { address, port } = readOwn(home).Listen[0]!
  const host = reachableHost(address)
  return { uri: `sip:${hostAndPort(host, port)}`, transport: isTcp ? 'TCP' : 'UDP', address: host, port }
}

/** Our own sipd over TLS is known by its own certificate, which is for a domain and not for the address asked. */
function ownTlsTarget(home: Home, { isAsked: _, ...trust }: Trust): PingTarget {
  const { Listen, SipTlsEnable, SipTlsPort, SipTlsCertificateFile } = readOwn(home)
  if (!SipTlsEnable || SipTlsCertificateFile === undefined)
    throw new UsageError('SipTlsEnable is Off in sipd.conf; name another server with --uri')
  const host = reachableHost(Listen[0]!.address)
  const isGiven = trust.fingerprint !== undefined || trust.authorities !== undefined
  return {
    uri: `sips:${hostAndPort(host, SipTlsPort)}`,
    transport: 'TLS',
    address: host,
    port: SipTlsPort,
    tls: { host, ...(isGiven ? trust : { fingerprint: fingerprintOf(resolve(home.root, SipTlsCertificateFile)) }) },
  }
}

function fingerprintOf(path: string): string {
  try {
    return new X509Certificate(readRegularFileSync(path).octets).fingerprint256
  } catch (error) {
    throw new CommandFailure(`SipTlsCertificateFile ${path} cannot be read: ${messageOf(error)}`)
  }
}

function readOwn(home: Home): SipdConfig {
  const { config, complaints } = inspectConfig(home)
  if (!config) throw new CommandFailure(new ConfigurationError(complaints).message)
  return config
}
