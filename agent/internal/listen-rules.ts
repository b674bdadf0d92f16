/** Rules about snmpListenEntry: what a start could not bind. */
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { ConfiguredRow, Rule } from '../../lib/mib/rules.ts'
import { canonicalAddress, isLoopbackAddress, isWildcardAddress } from '../../lib/net/address.ts'
import { type Address, parseAddress } from '../../snmp/transport/udp.ts'
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
    const other = good.find((before) => isSameSocket(before.address, address))
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

/** Whether the second of two sockets could not be bound. Port 0 is another port each time. */
export function isSameSocket(a: Address, b: Address): boolean {
  return a.port === b.port && a.port !== 0 && canonicalAddress(a.host) === canonicalAddress(b.host)
}

export function isOfThisMachine(host: string): boolean {
  if (isWildcardAddress(host) || isLoopbackAddress(host)) return true
  const wanted = canonicalAddress(host).replace(/%.*$/, '')
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => canonicalAddress(address) === wanted),
  )
}
