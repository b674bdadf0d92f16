/** Links as rows of the tables of IF-MIB. */
import type { RowOf } from '../../lib/mib/declare.ts'
import { zeroDotZero } from '../../lib/smi/oid.ts'
import { low32 } from './counters.ts'
import type { Link, ReceiveAddress } from './links.ts'
import type { ifRcvAddressTable, ifStackTable, ifTable, ifXTable } from './mib.ts'

type IfRow = RowOf<typeof ifTable>
type IfXRow = RowOf<typeof ifXTable>

const loopbackHardware = 772
const etherHardware = 1
const pppHardware = 512
const noneHardware = 65_534

const operStates: Readonly<Record<string, IfRow['ifOperStatus']>> = {
  up: 'up',
  down: 'down',
  testing: 'testing',
  dormant: 'dormant',
  notpresent: 'notPresent',
  lowerlayerdown: 'lowerLayerDown',
}

export function ifType(
  link: Pick<Link, 'hardwareType' | 'isBridge' | 'isBond' | 'isWireless' | 'isVlan'>,
): IfRow['ifType'] {
  if (link.isBridge) return 'bridge'
  if (link.isBond) return 'ieee8023adLag'
  if (link.isWireless) return 'ieee80211'
  if (link.isVlan) return 'l2vlan'
  switch (link.hardwareType) {
    case loopbackHardware:
      return 'softwareLoopback'
    case etherHardware:
      return 'ethernetCsmacd'
    case pppHardware:
      return 'ppp'
    case noneHardware:
      return 'tunnel'
    default:
      return 'other'
  }
}

/** Loopback and tunnels report `unknown` while they work: RFC 2863 has them up with their administrative status. */
export function ifOperStatus({ operState, isAdminUp }: Pick<Link, 'operState' | 'isAdminUp'>): IfRow['ifOperStatus'] {
  if (operState === 'unknown') return isAdminUp ? 'up' : 'down'
  return operStates[operState] ?? 'unknown'
}

export function toIfRow(link: Link, lastChangeTicks: number): IfRow {
  const { counters } = link
  return {
    ifIndex: link.index,
    ifDescr: link.name,
    ifType: ifType(link),
    ifMtu: link.mtu,
    // RFC 2863: the largest value when the speed does not fit; ifHighSpeed has it then.
    ifSpeed: Math.min(link.speedMegabits * 1_000_000, 0xffff_ffff),
    ifPhysAddress: link.address,
    ifAdminStatus: link.isAdminUp ? 'up' : 'down',
    ifOperStatus: ifOperStatus(link),
    ifLastChange: lastChangeTicks,
    ifInOctets: low32(counters.inOctets),
    ifInUcastPkts: low32(unicast(link)),
    ifInNUcastPkts: low32(counters.inMulticast),
    ifInDiscards: low32(counters.inDropped),
    ifInErrors: low32(counters.inErrors),
    ifInUnknownProtos: 0,
    ifOutOctets: low32(counters.outOctets),
    ifOutUcastPkts: low32(counters.outPackets),
    ifOutNUcastPkts: 0,
    ifOutDiscards: low32(counters.outDropped),
    ifOutErrors: low32(counters.outErrors),
    ifOutQLen: 0,
    ifSpecific: zeroDotZero,
  }
}

export function toIfXRow(link: Link, discontinuityTicks: number): IfXRow {
  const { counters } = link
  return {
    ifIndex: link.index,
    ifName: link.name,
    ifInMulticastPkts: low32(counters.inMulticast),
    ifInBroadcastPkts: 0,
    ifOutMulticastPkts: 0,
    ifOutBroadcastPkts: 0,
    ifHCInOctets: counters.inOctets,
    ifHCInUcastPkts: unicast(link),
    ifHCInMulticastPkts: counters.inMulticast,
    ifHCInBroadcastPkts: 0n,
    ifHCOutOctets: counters.outOctets,
    ifHCOutUcastPkts: counters.outPackets,
    ifHCOutMulticastPkts: 0n,
    ifHCOutBroadcastPkts: 0n,
    ifLinkUpDownTrapEnable: hasNotifications(link) ? 'enabled' : 'disabled',
    ifHighSpeed: link.speedMegabits,
    ifPromiscuousMode: link.isPromiscuous,
    ifConnectorPresent: link.hasConnector,
    ifAlias: link.alias,
    ifCounterDiscontinuityTime: discontinuityTicks,
  }
}

/** RFC 2863 §3.1.15, ifLinkUpDownTrapEnable: by default what stands on no other interface has notifications. */
export const hasNotifications = ({ lower }: Link): boolean => lower.length === 0

type IfStackRow = RowOf<typeof ifStackTable>

/** RFC 2863 §3.1.1: each pair of neighbouring layers; 0 is above the highest and below the lowest. */
export function toIfStackRows(links: readonly Link[]): IfStackRow[] {
  const byName = new Map(links.map((link) => [link.name, link.index]))
  const lowerOf = ({ lower }: Link): number[] => lower.flatMap((name) => byName.get(name) ?? [])
  const haveHigher = new Set(links.flatMap(lowerOf))
  const pair = (ifStackHigherLayer: number, ifStackLowerLayer: number): IfStackRow => {
    return { ifStackHigherLayer, ifStackLowerLayer, ifStackStatus: 'active' }
  }
  return links.flatMap((link) => {
    const lower = lowerOf(link)
    const below = lower.length === 0 ? [pair(link.index, 0)] : lower.map((index) => pair(link.index, index))
    return haveHigher.has(link.index) ? below : [pair(0, link.index), ...below]
  })
}

type IfRcvAddressRow = RowOf<typeof ifRcvAddressTable>

/** RFC 2863 §3.1.6: a link's own address and broadcast stay over a restart; the groups it has joined do not. */
export function toIfRcvAddressRows(links: readonly Link[], groups: readonly ReceiveAddress[]): IfRcvAddressRow[] {
  const row = (ifIndex: number, address: Uint8Array, type: IfRcvAddressRow['ifRcvAddressType']): IfRcvAddressRow => {
    return { ifIndex, ifRcvAddressAddress: address, ifRcvAddressStatus: 'active', ifRcvAddressType: type }
  }
  const known = new Set(links.map(({ index }) => index))
  return [
    ...groups
      .filter(({ ifIndex }) => known.has(ifIndex))
      .map(({ ifIndex, address }) => row(ifIndex, address, 'volatile')),
    ...links.flatMap(({ index, address, broadcast }) =>
      [address, broadcast].filter(({ length }) => length > 0).map((octets) => row(index, octets, 'nonVolatile')),
    ),
  ]
}

/** Linux counts multicasts among all packets received. */
function unicast({ counters }: Link): bigint {
  const rest = counters.inPackets - counters.inMulticast
  return rest > 0n ? rest : 0n
}
