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
      'the agent needs a snmpListenEntry to answer anybody; add one such as: snmpListenEntry 127.0.0.1:161',
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
        `snmpListenEntry ${text} is the same port as ${other.entry.row.snmpListenAddress} in line ${line}; remove one`,
      )
    }
    good.push({ address, entry })
    if (!isOfThisMachine(address.host))
      report.warn(at, `no interface has the address ${address.host}; the agent cannot start until one has it`)
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
