/** Rules about snmpListenEntry and agentxListenEntry: what a start could not bind. */
import { isIP, isIPv4, SocketAddress } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Home } from '../../lib/home.ts'
import type { ConfiguredRow, ConfiguredRows, Report, Rule } from '../../lib/mib/rules.ts'
import { type Address, formatAddress, parseAddress } from '../transport/udp.ts'
import { agentxListenTable, agentxPlaceOf, ownAgentxPath, snmpListenTable } from './listen-tables.ts'

/** sun_path of sockaddr_un has room for 107 octets and a NUL (unix(7)). */
const maxSocketPathOctets = 107

type Listening = { readonly address: Address; readonly entry: ConfiguredRow<{ readonly snmpListenAddress: string }> }

export const listenRule: Rule = (rows, report) => {
  const entries = rows.of(snmpListenTable)
  if (entries.length === 0)
    report.error(
      rows.fileOf(snmpListenTable),
      'there is no snmpListenEntry, so the agent would answer nobody; add one such as: snmpListenEntry 127.0.0.1:161',
    )
  const good: Listening[] = []
  for (const entry of entries) {
    const text = entry.row.snmpListenAddress
    const at = entry.placeOf('snmpListenAddress')
    const address = parseAddress(text)
    if (!address || isIP(address.host) === 0) {
      report.error(
        at,
        `snmpListenEntry must be a numeric address and a port such as 127.0.0.1:161 or [::1]:161, got ${text}`,
      )
      continue
    }
    const other = good.find((before) => overlap(before.address, address))
    if (other) {
      const { line } = other.entry.placeOf('snmpListenAddress')
      report.error(
        at,
        `snmpListenEntry ${text} takes the same port as ${other.entry.row.snmpListenAddress} in line ${line}`,
      )
    }
    good.push({ address, entry })
    if (!isOfThisMachine(address.host))
      report.warn(at, `${address.host} is an address of no interface now; the agent cannot start until it is`)
  }
}

/** Two sockets of which the second could not be bound. Port 0 is another port each time. */
function overlap(a: Address, b: Address): boolean {
  if (a.port !== b.port || a.port === 0 || isIPv4(a.host) !== isIPv4(b.host)) return false
  const [hostA, hostB] = [canonical(a.host), canonical(b.host)]
  return hostA === hostB || isUnspecified(hostA) || isUnspecified(hostB)
}

function canonical(host: string): string {
  return new SocketAddress({ address: host, family: isIPv4(host) ? 'ipv4' : 'ipv6' }).address
}

function isUnspecified(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

export function isLoopback(host: string): boolean {
  return isIPv4(host) ? host.startsWith('127.') : canonical(host) === '::1'
}

function isOfThisMachine(host: string): boolean {
  if (isUnspecified(canonical(host)) || isLoopback(host)) return true
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => canonical(address) === canonical(host)),
  )
}

export function agentxListenRule(home: Home): Rule {
  return (rows, report) => {
    const entries = rows.of(agentxListenTable)
    const listening = entries.filter(({ row }) => row.agentxListenAddress !== 'none')
    for (const none of entries.filter((entry) => !listening.includes(entry)))
      if (listening.length > 0)
        report.warn(none.placeOf('agentxListenAddress'), 'agentxListenEntry none means nothing beside other entries')
    const seen = new Map<string, number>()
    for (const entry of listening) {
      const at = entry.placeOf('agentxListenAddress')
      const text = entry.row.agentxListenAddress
      const place = agentxPlaceOf(home, text)
      if (!place) {
        report.error(at, `agentxListenEntry must be a path or tcp:HOST:PORT with a port up to 65535, got ${text}`)
        continue
      }
      const name = 'path' in place ? place.path : formatAddress(place)
      if ('path' in place && Buffer.byteLength(place.path) > maxSocketPathOctets)
        report.error(
          at,
          `the path of a socket has at most ${maxSocketPathOctets} octets; ${place.path} has ${Buffer.byteLength(place.path)}`,
        )
      const line = seen.get(name)
      if (line !== undefined) report.error(at, `agentxListenEntry ${text} is the same as the one in line ${line}`)
      seen.set(name, line ?? at.line)
    }
    if (listening.length > 0 && !seen.has(ownAgentxPath(home))) warnOfOwn(rows, report)
  }
}

function warnOfOwn(rows: ConfiguredRows, report: Report): void {
  const at = rows.of(agentxListenTable)[0]?.placeOf() ?? rows.fileOf(agentxListenTable)
  report.warn(at, 'our own subagents connect to run/agentx.sock; add: agentxListenEntry run/agentx.sock 600')
}
