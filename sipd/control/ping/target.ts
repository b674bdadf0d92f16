/** Where `sip ping` goes: the URI of the command line, or the first Listen of sipd.conf. */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { ConfigurationError } from '../../../lib/cnf/complaint.ts'
import type { Home } from '../../../lib/home.ts'
import { reachableHost } from '../../../lib/net/address.ts'
import { inspectConfig } from '../../config/read.ts'
import { parseSipUri } from '../../message/uri.ts'
import { CommandFailure, exitCodes } from '../command.ts'
import { hostAndPort, type PingTarget } from './exchange.ts'

/** Throws a CommandFailure for what is no URI, cannot be resolved, or stands in a broken file. */
export async function targetOf(home: Home, uri: string | undefined, isTcp: boolean): Promise<PingTarget> {
  if (uri !== undefined) return targetOfUri(uri, isTcp)
  const { address, port } = firstListen(home)
  return { uri: `sip:${hostAndPort(address, port)}`, transport: isTcp ? 'TCP' : 'UDP', address, port }
}

async function targetOfUri(text: string, isTcp: boolean): Promise<PingTarget> {
  const parsed = parseSipUri(text)
  if (!parsed || /[\s<>"]/.test(text))
    throw new CommandFailure(`--uri is to be such as sip:127.0.0.1:5060, not ${text}`, exitCodes.usage)
  const transport = parsed.parameters.get('transport')?.toLowerCase()
  if (parsed.scheme === 'sips' || transport === 'tls')
    throw new CommandFailure(`${text} wants TLS, which ping does not speak; name a sip: URI`, exitCodes.usage)
  return {
    uri: text.replace(/\?.*$/, ''), // headers are not for Request-URIs
    transport: isTcp || transport === 'tcp' ? 'TCP' : 'UDP',
    address: await resolveHost(parsed.host),
    port: parsed.port ?? 5060,
  }
}

async function resolveHost(host: string): Promise<string> {
  if (isIP(host)) return host
  try {
    return (await lookup(host)).address
  } catch (error) {
    throw new CommandFailure(`${host} cannot be resolved: ${(error as Error).message}`)
  }
}

/** An address that stands for all of the machine's is asked at its loopback. */
function firstListen(home: Home): { address: string; port: number } {
  const { config, complaints } = inspectConfig(home)
  if (!config) throw new CommandFailure(new ConfigurationError(complaints).message)
  const { address, port } = config.Listen[0]!
  return { address: reachableHost(address), port }
}
