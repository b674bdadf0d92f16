/** Addresses of this host: of IPv6 from /proc/net/if_inet6, of IPv4 from the interfaces and /proc/net/fib_trie. */
import type { NetworkInterfaceInfo } from 'node:os'
import { ownAddresses } from '../../lib/net/fib-trie.ts'
import { type Octets, octetsOf } from '../../lib/text/octets.ts'
import { dotted, parseDotted, parseOctets } from './address.ts'
import type { Link } from './links.ts'

export interface Address {
  readonly octets: Uint8Array
  readonly prefixLength: number
  readonly link: Octets
  /** IFA_F_ flags of include/uapi/linux/if_addr.h; 0x80 is permanent. */
  readonly flags: number
}

const permanentFlag = 0x80

/** Address, ifIndex, prefix length, scope, flags, all in hexadecimal, and the link's name. */
export function parseIfInet6(text: string): Address[] {
  return text.split('\n').flatMap((line): Address[] => {
    const [address = '', , prefixLength = '', , flags = '', link = ''] = line.trim().split(/\s+/)
    if (!/^[0-9a-f]{32}$/.test(address) || link === '') return []
    return [
      {
        octets: parseOctets(address),
        prefixLength: Number.parseInt(prefixLength, 16),
        link,
        flags: Number.parseInt(flags, 16),
      },
    ]
  })
}

/** The addresses in /proc/net/fib_trie that are this host's own; a line at a step. */
export function* parseLocalAddresses(lines: Iterable<Buffer>, found: Map<string, Uint8Array>): Generator<void> {
  for (const address of ownAddresses(lines)) {
    const octets = address === undefined ? undefined : parseDotted(address)
    if (address !== undefined && octets) found.set(address, octets)
    yield
  }
}

/** getifaddrs leaves out links that are up and have no carrier. */
export const isLeftOut = ({ isAdminUp, operState }: Pick<Link, 'isAdminUp' | 'operState'>): boolean =>
  isAdminUp && operState !== 'up' && operState !== 'unknown'

/** The network on a link that an address is in, as the routes have it. */
export type NetworkOf = (octets: Uint8Array) => { readonly prefixLength: number; readonly link: Octets } | undefined

/**
 * The addresses of IPv4 with their links. getifaddrs gives those of links that run; an address on a link without a carrier
 * is known by the trie alone, and its link by the route to its network. Node gives labels as text: `linkOf` finds the link's octets.
 */
export function addresses4(
  interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>,
  local: Iterable<Uint8Array>,
  networkOf: NetworkOf,
  linkOf: (label: string) => Octets = octetsOf,
): Address[] {
  const found: Address[] = []
  for (const [label, infos = []] of Object.entries(interfaces)) {
    for (const { family, address, cidr } of infos) {
      const octets = family === 'IPv4' ? parseDotted(address) : undefined
      // A label such as eth0:1 belongs to eth0.
      const link = linkOf(label.split(':')[0] ?? label)
      if (octets) found.push({ octets, prefixLength: Number(cidr?.split('/')[1] ?? 32), link, flags: permanentFlag })
    }
  }
  const known = new Set(found.map(({ octets }) => dotted(octets)))
  for (const octets of local) {
    if (known.has(dotted(octets))) continue
    const network = networkOf(octets)
    if (network) found.push({ octets, prefixLength: network.prefixLength, link: network.link, flags: permanentFlag })
  }
  return found
}
