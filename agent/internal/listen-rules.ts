/** Rules about snmpListenEntry: what a start could not bind. */
import { isIP, isIPv4, SocketAddress } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { ConfiguredRow, Rule } from '../../lib/mib/rules.ts'
import { type Address, parseAddress } from '../transport/udp.ts'
import { snmpListenTable } from './listen-tables.ts'

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

/** Two sockets of one protocol of which the second could not be bound. Port 0 is another port each time. */
export function overlap(a: Address, b: Address): boolean {
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

export function isOfThisMachine(host: string): boolean {
  if (isUnspecified(canonical(host)) || isLoopback(host)) return true
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => canonical(address) === canonical(host)),
  )
}
