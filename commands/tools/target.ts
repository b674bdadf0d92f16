/** Whom a tool asks, as hands used to Net-SNMP's tools write it: `host`, `host:161`, `[::1]:161`, `udp6:host`. */
import { lookup } from 'node:dns/promises'
import { isIP, isIPv6 } from 'node:net'

export interface SnmpTarget {
  readonly host: string
  readonly port: number
  /** Of a name: the family to look for; undefined where either will do. */
  readonly family: 4 | 6 | undefined
}

const snmpPort = 161
const transports = /^(udp6|udpv6|udpipv6|udp):/i

/** Throws with a sentence where it is none. */
export function parseTarget(text: string): SnmpTarget {
  if (/^(?:tcp6?|tcpv6|tcpipv6|dtls\w*|tls\w*|ssh|unix):/i.test(text))
    throw new Error(`${text}: SNMP is spoken over UDP here, and over no other transport`)
  const transport = transports.exec(text)?.[1]?.toLowerCase()
  const family = transport === undefined ? undefined : transport === 'udp' ? 4 : 6
  const rest = text.replace(transports, '')
  const bracketed = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(rest)
  const plain = /^([^:[\]]+)(?::(\d{1,5}))?$/.exec(rest)
  const host = bracketed?.[1] ?? plain?.[1] ?? rest
  const port = Number(bracketed?.[2] ?? plain?.[2] ?? snmpPort)
  const isGood = bracketed || !plain ? isIPv6(host) : true
  if (!isGood || port === 0 || port > 65_535)
    throw new Error(`expected HOST, HOST:PORT, [IPV6]:PORT or udp6:HOST, got ${text}`)
  return { host, port, family }
}

/** The numeric address and port; of a name with both families, IPv4 unless udp6: asks for IPv6. */
export async function resolveTarget(text: string): Promise<{ host: string; port: number }> {
  const { host, port, family } = parseTarget(text)
  const isOfFamily = family === undefined || isIP(host) === 0 || isIP(host) === family
  if (!isOfFamily) throw new Error(`${host} is not an ${family === 6 ? 'IPv6' : 'IPv4'} address`)
  if (isIP(host) !== 0) return { host, port }
  const found = await lookup(host, { all: true, ...(family ? { family } : {}) })
  const best = found.find((one) => one.family === 4) ?? found[0]
  if (!best) throw new Error(`${host} has no address`)
  return { host: best.address, port }
}
