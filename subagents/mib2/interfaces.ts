/** Links as rows of ifTable and ifXTable. */
import type { RowOf } from '../../lib/mib/declare.ts'
import { zeroDotZero } from '../../lib/smi/oid.ts'
import type { Link } from './links.ts'
import type { ifTable, ifXTable } from './mib.ts'

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

export function ifType(link: Pick<Link, 'hardwareType' | 'isBridge' | 'isWireless' | 'isVlan'>): IfRow['ifType'] {
  if (link.isBridge) return 'bridge'
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
    ifOutDiscards: low32(counters.outDropped),
    ifOutErrors: low32(counters.outErrors),
    ifOutQLen: 0,
    ifSpecific: zeroDotZero,
  }
}

export function toIfXRow(link: Link): IfXRow {
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
    ifLinkUpDownTrapEnable: link.hasConnector ? 'enabled' : 'disabled',
    ifHighSpeed: link.speedMegabits,
    ifPromiscuousMode: link.isPromiscuous,
    ifConnectorPresent: link.hasConnector,
    ifAlias: link.alias,
    ifCounterDiscontinuityTime: 0,
  }
}

/** Linux counts multicasts among all packets received. */
function unicast({ counters }: Link): bigint {
  const rest = counters.inPackets - counters.inMulticast
  return rest > 0n ? rest : 0n
}

function low32(counter: bigint): number {
  return Number(BigInt.asUintN(32, counter))
}
