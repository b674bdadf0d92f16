/** TDomain and TAddress of UDP over IPv4 (RFC 3417 §2) and over IPv6 (RFC 3419), as octets and as files write them. */
import { isIPv4, isIPv6 } from 'node:net'
import { objectIdentifier, octetString, type Syntax } from '../../lib/mib/syntax.ts'
import { addressOctets, addressText } from '../../lib/net/address.ts'
import { compareOid, formatOid, type Oid, oid } from '../../lib/smi/oid.ts'
import { type Address, formatAddress } from './udp.ts'

export const snmpUdpDomain = oid('1.3.6.1.6.1.1')

/** The domains that are spoken here, with how many octets an address of each has. */
const domains = [
  { name: 'snmpUDPDomain', oid: snmpUdpDomain, octets: 6 },
  { name: 'transportDomainUdpIpv4', oid: oid('1.3.6.1.2.1.100.1.1'), octets: 6 },
  { name: 'transportDomainUdpIpv6', oid: oid('1.3.6.1.2.1.100.1.2'), octets: 18 },
] as const

function domainOf(value: Oid) {
  return domains.find((one) => compareOid(one.oid, value) === 0)
}

/** TDomain, by name where it is one that is spoken here. */
export function transportDomain(): Syntax<Oid> {
  const plain = objectIdentifier('TDomain')
  return {
    ...plain,
    format: (value) => domainOf(value)?.name ?? formatOid(value),
    parse: (typed) => domains.find(({ name }) => name === typed)?.oid ?? plain.parse(typed),
  }
}

/** TAddress (SIZE 1..255): the address's octets and two of port, in files as 192.0.2.7:162 or [2001:db8::7]:162. */
export function transportAddress(minOctets = 1): Syntax<Uint8Array> {
  const octets = octetString(minOctets, 255, 'TAddress')
  return {
    ...octets,
    format: (value) => {
      const address = readTransportAddress(value)
      return address ? formatAddress(address) : octets.format(value)
    },
    // What is no such address, a manager may set all the same (another domain's, say), and reads in hexadecimal.
    parse: (typed) => {
      const [, v4, v6, port] = /^(?:(\d{1,3}(?:\.\d{1,3}){3})|\[([0-9a-f:.]+)\]):(\d{1,5})$/i.exec(typed) ?? []
      if (port === undefined) return octets.parse(typed)
      const host = v4 ?? v6!
      if (!(v4 === undefined ? isIPv6(host) : isIPv4(host)) || Number(port) > 0xffff) return undefined
      return Uint8Array.of(...addressOctets(host)!, Number(port) >> 8, Number(port) & 0xff)
    },
  }
}

/** Undefined for what is neither an IPv4 nor an IPv6 address with a port. */
export function readTransportAddress(value: Uint8Array): Address | undefined {
  if (value.length !== 6 && value.length !== 18) return undefined
  const port = value.at(-2)! * 256 + value.at(-1)!
  return { host: addressText(value.subarray(0, -2)), port }
}

/** Where a row of snmpTargetAddrTable leads; undefined where its domain is not spoken here, or its address is another's. */
export function readTransport(domain: Oid, value: Uint8Array): Address | undefined {
  return domainOf(domain)?.octets === value.length ? readTransportAddress(value) : undefined
}
