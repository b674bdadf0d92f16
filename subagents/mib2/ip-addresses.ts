/** Addresses, their prefixes, neighbours and routers as rows of IP-MIB, and of the tables of RFC 1213 before it. */
import type { RowOf } from '../../lib/mib/declare.ts'
import { anyDefinition } from '../../lib/mib/declare.ts'
import { instanceOf } from '../../lib/mib/instance.ts'
import type { Oid } from '../../lib/smi/oid.ts'
import type { Octets } from '../../lib/text/octets.ts'
import { dotted, inetAddressOf, isLinkScoped, maskOf, networkOf } from './address.ts'
import type { Address } from './addresses.ts'
import {
  type atTable,
  ipAddressPrefixTable,
  type ipAddressTable,
  type ipAddrTable,
  type ipDefaultRouterTable,
  type ipNetToMediaTable,
  type ipNetToPhysicalTable,
} from './mib.ts'
import type { Neighbour } from './neighbours.ts'
import type { Route } from './route-records.ts'

type AddressRow = RowOf<typeof ipAddressTable>
type PrefixRow = RowOf<typeof ipAddressPrefixTable>
type PhysicalRow = RowOf<typeof ipNetToPhysicalTable>
type IndexOf = (link: Octets) => number
type Seen = (row: { readonly key: string; readonly state: string }) => { created: number; changed: number }

/** IFA_F_ flags of include/uapi/linux/if_addr.h, as /proc/net/if_inet6 shows them. */
const flag = {
  temporary: 0x01,
  optimistic: 0x04,
  duplicate: 0x08,
  deprecated: 0x20,
  tentative: 0x40,
  permanent: 0x80,
} as const

export function toAddressRow(address: Address, indexOf: IndexOf, seen: Seen): AddressRow | undefined {
  const ifIndex = indexOf(address.link)
  if (ifIndex === 0) return undefined
  const { type, octets } = inetAddressOf(address.octets, ifIndex)
  const status = statusOf(address.flags)
  const times = seen({ key: `${octets}`, state: `${status} ${ifIndex} ${address.prefixLength}` })
  return {
    ipAddressAddrType: type,
    ipAddressAddr: octets,
    ipAddressIfIndex: ifIndex,
    ipAddressType: 'unicast',
    ipAddressPrefix: prefixRow(address, ifIndex),
    ipAddressOrigin: originOf(address),
    ipAddressStatus: status,
    ipAddressCreated: times.created,
    ipAddressLastChanged: times.changed,
    ipAddressRowStatus: 'active',
    ipAddressStorageType: 'volatile',
  }
}

function statusOf(flags: number): AddressRow['ipAddressStatus'] {
  if (flags & flag.duplicate) return 'duplicate'
  if (flags & flag.optimistic) return 'optimistic'
  if (flags & flag.tentative) return 'tentative'
  return flags & flag.deprecated ? 'deprecated' : 'preferred'
}

/** What the flags tell: DHCP and a person both give addresses that are permanent to the kernel. */
function originOf({ octets, flags }: Address): AddressRow['ipAddressOrigin'] {
  if (octets.length === 4) return 'manual'
  if (flags & flag.temporary) return 'random'
  return isLinkScoped(octets) || !(flags & flag.permanent) ? 'linklayer' : 'manual'
}

/** The prefix of an address: its row, and which row that is. */
export function toPrefixRow(address: Address, ifIndex: number): PrefixRow {
  const { type, octets } = inetAddressOf(networkOf(address.octets, address.prefixLength), ifIndex)
  const isLinkLocal = isLinkScoped(address.octets)
  const isAdvertised = address.octets.length === 16 && !(address.flags & flag.permanent)
  return {
    ipAddressPrefixIfIndex: ifIndex,
    ipAddressPrefixType: type,
    ipAddressPrefixPrefix: octets,
    ipAddressPrefixLength: address.prefixLength,
    ipAddressPrefixOrigin: isLinkLocal ? 'wellknown' : isAdvertised ? 'routeradv' : 'manual',
    ipAddressPrefixOnLinkFlag: true,
    ipAddressPrefixAutonomousFlag: isAdvertised,
    // RFC 4293: for ever, where nothing limits it; what an advertisement said of it is in no file of the kernel.
    ipAddressPrefixAdvPreferredLifetime: 0xffff_ffff,
    ipAddressPrefixAdvValidLifetime: 0xffff_ffff,
  }
}

/** A RowPointer names the first accessible column of the row, ipAddressPrefixOrigin. */
function prefixRow(address: Address, ifIndex: number): Oid {
  const { ipAddressPrefixOrigin } = ipAddressPrefixTable.columns
  const instance = instanceOf(anyDefinition(ipAddressPrefixTable), toPrefixRow(address, ifIndex))
  return [...ipAddressPrefixOrigin.oid, ...instance]
}

/** RFC 1213: IPv4 alone. */
export function toAddrRow({ octets, prefixLength, link }: Address, indexOf: IndexOf): RowOf<typeof ipAddrTable>[] {
  const ifIndex = indexOf(link)
  if (octets.length !== 4 || ifIndex === 0) return []
  return [
    {
      ipAdEntAddr: dotted(octets),
      ipAdEntIfIndex: ifIndex,
      ipAdEntNetMask: maskOf(prefixLength),
      ipAdEntBcastAddr: 1, // the host part of a broadcast is all ones
      ipAdEntReasmMaxSize: 65_535,
    },
  ]
}

/** A change of the state alone is none of the mapping (RFC 4293, ipNetToPhysicalLastUpdated). */
export function toPhysicalRow(neighbour: Neighbour, indexOf: IndexOf, seen: Seen): PhysicalRow | undefined {
  const ifIndex = indexOf(neighbour.link)
  if (ifIndex === 0) return undefined
  const { type, octets } = inetAddressOf(neighbour.octets, ifIndex)
  const state = `${neighbour.hardware} ${neighbour.isComplete} ${neighbour.isPermanent}`
  return {
    ipNetToPhysicalIfIndex: ifIndex,
    ipNetToPhysicalNetAddressType: type,
    ipNetToPhysicalNetAddress: octets,
    ipNetToPhysicalPhysAddress: neighbour.hardware,
    ipNetToPhysicalLastUpdated: seen({ key: `${ifIndex} ${octets}`, state }).changed,
    ipNetToPhysicalType: neighbour.isPermanent ? 'static' : 'dynamic',
    ipNetToPhysicalState: neighbour.state,
    ipNetToPhysicalRowStatus: neighbour.isComplete ? 'active' : 'notReady',
  }
}

/** RFC 1213: mappings of IPv4 that are there. */
export function toMediaRow(neighbour: Neighbour, indexOf: IndexOf): RowOf<typeof ipNetToMediaTable>[] {
  const ifIndex = indexOf(neighbour.link)
  if (ifIndex === 0 || !neighbour.isComplete || neighbour.octets.length !== 4) return []
  return [
    {
      ipNetToMediaIfIndex: ifIndex,
      ipNetToMediaNetAddress: dotted(neighbour.octets),
      ipNetToMediaPhysAddress: neighbour.hardware,
      ipNetToMediaType: neighbour.isPermanent ? 'static' : 'dynamic',
    },
  ]
}

export function toAtRow(row: RowOf<typeof ipNetToMediaTable>): RowOf<typeof atTable> {
  return {
    atIfIndex: row.ipNetToMediaIfIndex,
    atNetAddress: row.ipNetToMediaNetAddress,
    atPhysAddress: row.ipNetToMediaPhysAddress,
  }
}

/** The gateways of default routes. The kernel tells no lifetime: RFC 4293 has 65535 for one without an end. */
export function toRouterRows(defaults: readonly Route[]): RowOf<typeof ipDefaultRouterTable>[] {
  return defaults
    .filter(({ ifIndex, gateway }) => ifIndex > 0 && gateway.some((octet) => octet !== 0))
    .map(({ gateway, ifIndex }) => {
      const { type, octets } = inetAddressOf(gateway, ifIndex)
      return {
        ipDefaultRouterAddressType: type,
        ipDefaultRouterAddress: octets,
        ipDefaultRouterIfIndex: ifIndex,
        ipDefaultRouterLifetime: 65_535,
        ipDefaultRouterPreference: 'medium',
      }
    })
}

/** Remembers when a row came and when it last changed, in sysUpTime. */
export class Times {
  #before = new Map<string, { state: string; created: number; changed: number }>()
  #now = new Map<string, { state: string; created: number; changed: number }>()

  /** What a row is to show that is in this sample as `state`. */
  seen(key: string, state: string, upTimeTicks: number): { created: number; changed: number } {
    const before = this.#before.get(key)
    const created = before?.created ?? upTimeTicks
    const found = { state, created, changed: before?.state === state ? before.changed : upTimeTicks }
    this.#now.set(key, found)
    return found
  }

  /** A sample ends: what was not in it is forgotten. */
  turn(): void {
    this.#before = this.#now
    this.#now = new Map()
  }
}
