/** The kernel's counters of its protocols, by name, from /proc/net/snmp, netstat, snmp6 and dev_snmp6. */

export type Counters = ReadonlyMap<string, bigint>

const none: Counters = new Map()

/** /proc/net/snmp and /proc/net/netstat: a line of names and a line of values for each protocol, `Ip: InReceives ...`. */
export function parseProtocols(text: string): Map<string, Counters> {
  const protocols = new Map<string, Counters>()
  const lines = text.split('\n')
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const [protocol = '', ...names] = (lines[at] ?? '').split(' ')
    const [sameProtocol, ...values] = (lines[at + 1] ?? '').split(' ')
    if (!protocol.endsWith(':') || sameProtocol !== protocol) continue
    const counters = new Map<string, bigint>()
    for (const [field, name] of names.entries()) {
      const value = values[field] ?? ''
      if (/^-?\d+$/.test(value)) counters.set(name, BigInt(value))
    }
    protocols.set(protocol.slice(0, -1), counters)
  }
  return protocols
}

/** /proc/net/snmp6 and /proc/net/dev_snmp6/NAME: one `Ip6InReceives   184` per line; by protocol, without its prefix. */
export function parseProtocols6(text: string): Map<string, Counters> {
  const protocols = new Map<string, Map<string, bigint>>()
  for (const [, protocol = '', name = '', value = ''] of text.matchAll(/^(Ip6|Icmp6|Udp6)(\w+)\s+(\d+)$/gm)) {
    const counters = protocols.get(protocol) ?? new Map<string, bigint>()
    protocols.set(protocol, counters)
    counters.set(name, BigInt(value))
  }
  return protocols
}

/** One protocol's counters; empty where the kernel has none. */
export function countersOf(protocols: ReadonlyMap<string, Counters>, protocol: string): Counters {
  return protocols.get(protocol) ?? none
}

/** A Counter32: what is kept in 64 bits, modulo 2^32; 0 where the kernel does not count. */
export function low32(counter: bigint | undefined): number {
  return counter === undefined ? 0 : Number(BigInt.asUintN(32, counter))
}
