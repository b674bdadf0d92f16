/** The kernel's counters as rows of the ip, icmp and statistics tables of IP-MIB. */
import type { RowOf } from '../../lib/mib/declare.ts'
import { type Counters, low32 } from './counters.ts'
import { prefixed } from './mib/ip-statistics.ts'
import type {
  icmpGroup,
  icmpMsgStatsTable,
  icmpStatsTable,
  ipGroup,
  ipIfStatsTable,
  ipSystemStatsTable,
} from './mib.ts'

type Version = 'ipv4' | 'ipv6'

/** Shared by both tables; undefined where the kernel has no such counter. Names are those of its SNMP counters. */
function statistics(ip: Counters, refreshMs: number) {
  const wide = (...names: readonly string[]): bigint | undefined => {
    const counter = names.map((name) => ip.get(name)).find((found) => found !== undefined)
    return counter === undefined ? undefined : BigInt.asUintN(64, counter)
  }
  const narrow = (...names: readonly string[]): number | undefined => {
    const counter = wide(...names)
    return counter === undefined ? undefined : low32(counter)
  }
  const fragmented = ip.has('FragOKs') ? (ip.get('FragOKs') ?? 0n) + (ip.get('FragFails') ?? 0n) : undefined
  const forwarded = ['ForwDatagrams', 'OutForwDatagrams'] as const
  return {
    InReceives: narrow('InReceives'),
    HCInReceives: wide('InReceives'),
    InOctets: narrow('InOctets'),
    HCInOctets: wide('InOctets'),
    InHdrErrors: narrow('InHdrErrors'),
    InNoRoutes: narrow('InNoRoutes'),
    InAddrErrors: narrow('InAddrErrors'),
    InUnknownProtos: narrow('InUnknownProtos'),
    InTruncatedPkts: narrow('InTruncatedPkts'),
    InForwDatagrams: narrow(...forwarded),
    HCInForwDatagrams: wide(...forwarded),
    ReasmReqds: narrow('ReasmReqds'),
    ReasmOKs: narrow('ReasmOKs'),
    ReasmFails: narrow('ReasmFails'),
    InDiscards: narrow('InDiscards'),
    InDelivers: narrow('InDelivers'),
    HCInDelivers: wide('InDelivers'),
    OutRequests: narrow('OutRequests'),
    HCOutRequests: wide('OutRequests'),
    OutForwDatagrams: narrow(...forwarded),
    HCOutForwDatagrams: wide(...forwarded),
    OutDiscards: narrow('OutDiscards'),
    OutFragReqds: fragmented === undefined ? undefined : low32(fragmented),
    OutFragOKs: narrow('FragOKs'),
    OutFragFails: narrow('FragFails'),
    OutFragCreates: narrow('FragCreates'),
    OutTransmits: narrow('OutTransmits'),
    HCOutTransmits: wide('OutTransmits'),
    OutOctets: narrow('OutOctets'),
    HCOutOctets: wide('OutOctets'),
    InMcastPkts: narrow('InMcastPkts'),
    HCInMcastPkts: wide('InMcastPkts'),
    InMcastOctets: narrow('InMcastOctets'),
    HCInMcastOctets: wide('InMcastOctets'),
    OutMcastPkts: narrow('OutMcastPkts'),
    HCOutMcastPkts: wide('OutMcastPkts'),
    OutMcastOctets: narrow('OutMcastOctets'),
    HCOutMcastOctets: wide('OutMcastOctets'),
    InBcastPkts: narrow('InBcastPkts'),
    HCInBcastPkts: wide('InBcastPkts'),
    OutBcastPkts: narrow('OutBcastPkts'),
    HCOutBcastPkts: wide('OutBcastPkts'),
    DiscontinuityTime: 0, // the kernel's counters start with it, before sysUpTime does
    RefreshRate: refreshMs,
  }
}

/** `ip` has the counters of `Ip` and `IpExt`, or of `Ip6`. */
export function toSystemStatsRow(version: Version, ip: Counters, refreshMs: number): RowOf<typeof ipSystemStatsTable> {
  const noRoutes = ip.get('OutNoRoutes')
  return {
    ipSystemStatsIPVersion: version,
    ...prefixed('ipSystemStats', statistics(ip, refreshMs)),
    ipSystemStatsOutNoRoutes: noRoutes === undefined ? undefined : low32(noRoutes),
  }
}

export function toIfStatsRow(ifIndex: number, ip6: Counters, refreshMs: number): RowOf<typeof ipIfStatsTable> {
  return {
    ipIfStatsIPVersion: 'ipv6',
    ipIfStatsIfIndex: ifIndex,
    ...prefixed('ipIfStats', statistics(ip6, refreshMs)),
  }
}

/** `reassemblySeconds` is what /proc/sys has: among the counters the kernel gives 0. */
export function toIpRow(ip: Counters, reassemblySeconds: number): RowOf<typeof ipGroup> {
  const count = (name: string): number => low32(ip.get(name))
  return {
    ipForwarding: ip.get('Forwarding') === 1n ? 'forwarding' : 'notForwarding',
    ipDefaultTTL: count('DefaultTTL'),
    ipInReceives: count('InReceives'),
    ipInHdrErrors: count('InHdrErrors'),
    ipInAddrErrors: count('InAddrErrors'),
    ipForwDatagrams: count('ForwDatagrams'),
    ipInUnknownProtos: count('InUnknownProtos'),
    ipInDiscards: count('InDiscards'),
    ipInDelivers: count('InDelivers'),
    ipOutRequests: count('OutRequests'),
    ipOutDiscards: count('OutDiscards'),
    ipOutNoRoutes: count('OutNoRoutes'),
    ipReasmTimeout: reassemblySeconds,
    ipReasmReqds: count('ReasmReqds'),
    ipReasmOKs: count('ReasmOKs'),
    ipReasmFails: count('ReasmFails'),
    ipFragOKs: count('FragOKs'),
    ipFragFails: count('FragFails'),
    ipFragCreates: count('FragCreates'),
  }
}

export function toIcmpRow(icmp: Counters): RowOf<typeof icmpGroup> {
  const count = (name: string): number => low32(icmp.get(name))
  return {
    icmpInMsgs: count('InMsgs'),
    icmpInErrors: count('InErrors'),
    icmpInDestUnreachs: count('InDestUnreachs'),
    icmpInTimeExcds: count('InTimeExcds'),
    icmpInParmProbs: count('InParmProbs'),
    icmpInSrcQuenchs: count('InSrcQuenchs'),
    icmpInRedirects: count('InRedirects'),
    icmpInEchos: count('InEchos'),
    icmpInEchoReps: count('InEchoReps'),
    icmpInTimestamps: count('InTimestamps'),
    icmpInTimestampReps: count('InTimestampReps'),
    icmpInAddrMasks: count('InAddrMasks'),
    icmpInAddrMaskReps: count('InAddrMaskReps'),
    icmpOutMsgs: count('OutMsgs'),
    icmpOutErrors: count('OutErrors'),
    icmpOutDestUnreachs: count('OutDestUnreachs'),
    icmpOutTimeExcds: count('OutTimeExcds'),
    icmpOutParmProbs: count('OutParmProbs'),
    icmpOutSrcQuenchs: count('OutSrcQuenchs'),
    icmpOutRedirects: count('OutRedirects'),
    icmpOutEchos: count('OutEchos'),
    icmpOutEchoReps: count('OutEchoReps'),
    icmpOutTimestamps: count('OutTimestamps'),
    icmpOutTimestampReps: count('OutTimestampReps'),
    icmpOutAddrMasks: count('OutAddrMasks'),
    icmpOutAddrMaskReps: count('OutAddrMaskReps'),
  }
}

export function toIcmpStatsRow(version: Version, icmp: Counters): RowOf<typeof icmpStatsTable> {
  return {
    icmpStatsIPVersion: version,
    icmpStatsInMsgs: low32(icmp.get('InMsgs')),
    icmpStatsInErrors: low32(icmp.get('InErrors')),
    icmpStatsOutMsgs: low32(icmp.get('OutMsgs')),
    icmpStatsOutErrors: low32(icmp.get('OutErrors')),
  }
}

/** `InType3` and `OutType3`, of IcmpMsg or of Icmp6: the kernel names a type once such a message came or went. */
export function toIcmpMsgRows(version: Version, messages: Counters): RowOf<typeof icmpMsgStatsTable>[] {
  const types = new Set([...messages.keys()].flatMap((name) => /^(?:In|Out)Type(\d+)$/.exec(name)?.[1] ?? []))
  return [...types].map((type) => ({
    icmpMsgStatsIPVersion: version,
    icmpMsgStatsType: Number(type),
    icmpMsgStatsInPkts: low32(messages.get(`InType${type}`)),
    icmpMsgStatsOutPkts: low32(messages.get(`OutType${type}`)),
  }))
}
