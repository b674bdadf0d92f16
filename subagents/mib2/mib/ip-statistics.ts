/** ipSystemStatsTable and ipIfStatsTable of IP-MIB (RFC 4293): one set of counters, of the host and of each interface. */
import { column, defineScalars, defineTable } from '../../../lib/mib/declare.ts'
import { counter32, counter64, integer32, timeStamp, unsigned32 } from '../../../lib/mib/syntax.ts'
import { inetVersion } from './inet-address.ts'

/** The kernel does not count everything for each version and each interface. */
const maybe = { presence: 'maybe' } as const
const counter = (number: number) => column(number, counter32(), 'read-only', maybe)
const highCapacity = (number: number) => column(number, counter64(), 'read-only', maybe)

const counters = {
  InReceives: counter(3),
  HCInReceives: highCapacity(4),
  InOctets: counter(5),
  HCInOctets: highCapacity(6),
  InHdrErrors: counter(7),
  InNoRoutes: counter(8),
  InAddrErrors: counter(9),
  InUnknownProtos: counter(10),
  InTruncatedPkts: counter(11),
  InForwDatagrams: counter(12),
  HCInForwDatagrams: highCapacity(13),
  ReasmReqds: counter(14),
  ReasmOKs: counter(15),
  ReasmFails: counter(16),
  InDiscards: counter(17),
  InDelivers: counter(18),
  HCInDelivers: highCapacity(19),
  OutRequests: counter(20),
  HCOutRequests: highCapacity(21),
  OutForwDatagrams: counter(23),
  HCOutForwDatagrams: highCapacity(24),
  OutDiscards: counter(25),
  OutFragReqds: counter(26),
  OutFragOKs: counter(27),
  OutFragFails: counter(28),
  OutFragCreates: counter(29),
  OutTransmits: counter(30),
  HCOutTransmits: highCapacity(31),
  OutOctets: counter(32),
  HCOutOctets: highCapacity(33),
  InMcastPkts: counter(34),
  HCInMcastPkts: highCapacity(35),
  InMcastOctets: counter(36),
  HCInMcastOctets: highCapacity(37),
  OutMcastPkts: counter(38),
  HCOutMcastPkts: highCapacity(39),
  OutMcastOctets: counter(40),
  HCOutMcastOctets: highCapacity(41),
  InBcastPkts: counter(42),
  HCInBcastPkts: highCapacity(43),
  OutBcastPkts: counter(44),
  HCOutBcastPkts: highCapacity(45),
  DiscontinuityTime: column(46, timeStamp()),
  RefreshRate: column(47, unsigned32()),
} as const

/** The same columns or values under the names that a table gives them. */
export function prefixed<const P extends string, T extends object>(
  prefix: P,
  values: T,
): { readonly [K in keyof T & string as `${P}${K}`]: T[K] } {
  const renamed = Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}${name}`, value]))
  return renamed as { readonly [K in keyof T & string as `${P}${K}`]: T[K] }
}

export const ipSystemStatsTable = defineTable({
  name: 'ipSystemStatsTable',
  oid: '1.3.6.1.2.1.4.31.1',
  index: { ipSystemStatsIPVersion: column(1, inetVersion(), 'not-accessible') },
  columns: { ...prefixed('ipSystemStats', counters), ipSystemStatsOutNoRoutes: counter(22) },
})

export const ipTrafficStats = defineScalars({
  name: 'ipTrafficStats',
  oid: '1.3.6.1.2.1.4.31',
  objects: { ipIfStatsTableLastChange: column(2, timeStamp()) },
})

export const ipIfStatsTable = defineTable({
  name: 'ipIfStatsTable',
  oid: '1.3.6.1.2.1.4.31.3',
  index: {
    ipIfStatsIPVersion: column(1, inetVersion(), 'not-accessible'),
    ipIfStatsIfIndex: column(2, integer32(1, 0x7fff_ffff), 'not-accessible'),
  },
  columns: prefixed('ipIfStats', counters),
})
