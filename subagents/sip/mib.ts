/** NETWORK-SERVICES-MIB (RFC 2788), SIP-COMMON-MIB and SIP-SERVER-MIB (RFC 4780), as far as sipd has something to show; CASTELLAN-SIP-MIB. */

import { column, defineScalars, defineTable, foreignIndex } from '../../lib/mib/declare.ts'
import { storageFailures, storageReason, storageUnkept } from '../../lib/mib/storage-group.ts'
import {
  bits,
  counter32,
  enumeration,
  gauge32,
  integer32,
  octetString,
  rowStatus,
  text,
  timeStamp,
  timeTicks,
  unsigned32,
} from '../../lib/mib/syntax.ts'
import { castellanArc } from '../../lib/smi/enterprise.ts'

const live = { presence: 'live' } as const
const adminString = (min = 0, max = 255) => text(min, max, 'SnmpAdminString')
const methodName = () => text(1, 100, 'SipTCMethodName')
const liveCounter = (number: number) => column(number, counter32(), 'read-only', live)
const liveStamp = (number: number) => column(number, timeStamp(), 'read-only', live)

export const applTable = defineTable({
  name: 'applTable',
  oid: '1.3.6.1.2.1.27.1',
  index: { applIndex: column(1, integer32(1, 0x7fff_ffff), 'not-accessible') },
  columns: {
    applName: column(2, adminString()),
    applDirectoryName: column(3, text(0, 255, 'DistinguishedName')),
    applVersion: column(4, adminString()),
    applUptime: liveStamp(5),
    applOperStatus: column(
      6,
      enumeration({ up: 1, down: 2, halted: 3, congested: 4, restarting: 5, quiescing: 6 }),
      'read-only',
      live,
    ),
    applLastChange: liveStamp(7),
    applInboundAssociations: column(8, gauge32(), 'read-only', live),
    applOutboundAssociations: column(9, gauge32()),
    applAccumulatedInboundAssociations: column(10, counter32()),
    applAccumulatedOutboundAssociations: column(11, counter32()),
    applLastInboundActivity: liveStamp(12),
    applLastOutboundActivity: liveStamp(13),
    applRejectedInboundAssociations: column(14, counter32()),
    applFailedOutboundAssociations: column(15, counter32()),
    applDescription: column(16, adminString()),
    applURL: column(17, text(0, 255, 'URLString')),
  },
})

const applIndex = () => foreignIndex(applTable.columns.applIndex)
const sipCommon = '1.3.6.1.2.1.149.1'

export const sipCommonCfgTable = defineTable({
  name: 'sipCommonCfgTable',
  oid: `${sipCommon}.1.1`,
  index: { applIndex: applIndex() },
  columns: {
    sipCommonCfgProtocolVersion: column(1, adminString()),
    sipCommonCfgServiceOperStatus: column(
      2,
      enumeration({ unknown: 1, up: 2, down: 3, congested: 4, restarting: 5, quiescing: 6, testing: 7 }),
      'read-only',
      live,
    ),
    sipCommonCfgServiceStartTime: column(3, timeTicks(), 'read-only', live),
    sipCommonCfgServiceLastChange: column(4, timeTicks(), 'read-only', live),
    sipCommonCfgOrganization: column(5, adminString()),
    sipCommonCfgMaxTransactions: column(6, unsigned32(), 'read-only', live),
    sipCommonCfgEntityType: column(
      8,
      bits({ other: 0, userAgent: 1, proxyServer: 2, redirectServer: 3, registrarServer: 4 }),
    ),
  },
})

export const sipCommonPortTable = defineTable({
  name: 'sipCommonPortTable',
  oid: `${sipCommon}.1.2`,
  index: { applIndex: applIndex(), sipCommonPort: column(1, unsigned32(0, 65_535), 'not-accessible') },
  columns: {
    sipCommonPortTransportRcv: column(2, bits({ other: 0, udp: 1, tcp: 2, sctp: 3, tlsTcp: 4, tlsSctp: 5 })),
  },
})

export const sipCommonMethodSupportedTable = defineTable({
  name: 'sipCommonMethodSupportedTable',
  oid: `${sipCommon}.1.4`,
  index: { applIndex: applIndex(), sipCommonMethodSupportedIndex: column(1, unsigned32(1), 'not-accessible') },
  columns: { sipCommonMethodSupportedName: column(2, methodName()) },
})

export const sipCommonSummaryStatsTable = defineTable({
  name: 'sipCommonSummaryStatsTable',
  oid: `${sipCommon}.3.1`,
  index: { applIndex: applIndex() },
  columns: {
    sipCommonSummaryInRequests: liveCounter(1),
    sipCommonSummaryOutRequests: liveCounter(2),
    sipCommonSummaryInResponses: liveCounter(3),
    sipCommonSummaryOutResponses: liveCounter(4),
    sipCommonSummaryTotalTransactions: liveCounter(5),
    sipCommonSummaryDisconTime: liveStamp(6),
  },
})

export const sipCommonMethodStatsTable = defineTable({
  name: 'sipCommonMethodStatsTable',
  oid: `${sipCommon}.4.1`,
  index: { applIndex: applIndex(), sipCommonMethodStatsName: column(1, methodName(), 'not-accessible') },
  columns: {
    sipCommonMethodStatsOutbounds: liveCounter(2),
    sipCommonMethodStatsInbounds: liveCounter(3),
    sipCommonMethodStatsDisconTime: liveStamp(4),
  },
})

export const sipCommonStatusCodeTable = defineTable({
  name: 'sipCommonStatusCodeTable',
  oid: `${sipCommon}.5.1`,
  index: {
    applIndex: applIndex(),
    sipCommonStatusCodeMethod: column(1, methodName(), 'not-accessible'),
    sipCommonStatusCodeValue: column(2, unsigned32(100, 999), 'not-accessible'),
  },
  columns: {
    sipCommonStatusCodeIns: liveCounter(3),
    sipCommonStatusCodeOuts: liveCounter(4),
    sipCommonStatusCodeRowStatus: column(5, rowStatus(), 'read-create'),
    sipCommonStatusCodeDisconTime: liveStamp(6),
  },
})

export const sipCommonTransCurrentTable = defineTable({
  name: 'sipCommonTransCurrentTable',
  oid: `${sipCommon}.6.1`,
  index: { applIndex: applIndex() },
  columns: { sipCommonTransCurrentactions: column(1, gauge32(), 'read-only', live) },
})

export const sipCommonOtherStatsTable = defineTable({
  name: 'sipCommonOtherStatsTable',
  oid: `${sipCommon}.8.1`,
  index: { applIndex: applIndex() },
  columns: {
    sipCommonOtherStatsNumUnsupportedUris: liveCounter(1),
    sipCommonOtherStatsNumUnsupportedMethods: liveCounter(2),
    sipCommonOtherStatsOtherwiseDiscardedMsgs: liveCounter(3),
    sipCommonOtherStatsDisconTime: liveStamp(4),
  },
})

const sipServer = '1.3.6.1.2.1.151.1'

export const sipServerCfgTable = defineTable({
  name: 'sipServerCfgTable',
  oid: `${sipServer}.1.1`,
  index: { applIndex: applIndex() },
  columns: {
    sipServerCfgHostAddressType: column(1, enumeration({ unknown: 0, ipv4: 1, ipv6: 2, dns: 16 }, 'InetAddressType')),
    sipServerCfgHostAddress: column(2, octetString(0, 255, 'InetAddress')),
  },
})

export const sipServerRegCfgTable = defineTable({
  name: 'sipServerRegCfgTable',
  oid: `${sipServer}.5.1`,
  index: { applIndex: applIndex() },
  columns: {
    sipServerRegMaxContactExpiryDuration: column(1, unsigned32(), 'read-only', live),
    sipServerRegMaxUsers: column(2, unsigned32(), 'read-only', live),
    sipServerRegCurrentUsers: column(3, gauge32(), 'read-only', live),
    sipServerRegDfltRegActiveInterval: column(4, unsigned32(), 'read-only', live),
  },
})

export const sipServerRegStatsTable = defineTable({
  name: 'sipServerRegStatsTable',
  oid: `${sipServer}.6.1`,
  index: { applIndex: applIndex() },
  columns: {
    sipServerRegStatsAcceptedRegs: liveCounter(1),
    sipServerRegStatsRejectedRegs: liveCounter(2),
    sipServerRegStatsDisconTime: liveStamp(3),
  },
})

export const castellanSipRegistrarTable = defineTable({
  name: 'castellanSipRegistrarTable',
  oid: `${castellanArc}.12.151.1.1`,
  index: { applIndex: applIndex() },
  columns: { castellanSipRegistrarUsersPercent: column(1, gauge32(), 'read-only', live) },
})

export const castellanSipMemoryTable = defineTable({
  name: 'castellanSipMemoryTable',
  oid: `${castellanArc}.12.151.1.2`,
  index: {
    applIndex: applIndex(),
    castellanSipMemoryBudget: column(1, enumeration({ registrations: 1, traffic: 2 }), 'not-accessible'),
  },
  columns: {
    castellanSipMemoryOctets: column(2, gauge32(), 'read-only', live),
    castellanSipMemoryBound: column(3, gauge32(), 'read-only', live),
    castellanSipMemoryPercent: column(4, gauge32(), 'read-only', live),
  },
})

export const castellanSipHoldingTable = defineTable({
  name: 'castellanSipHoldingTable',
  oid: `${castellanArc}.12.151.1.3`,
  index: {
    applIndex: applIndex(),
    castellanSipHoldingKind: column(
      1,
      enumeration({ registrations: 1, transactions: 2, partials: 3, queues: 4, calls: 5, workers: 6 }),
      'not-accessible',
    ),
  },
  columns: {
    castellanSipHoldingOctets: column(2, gauge32(), 'read-only', live),
    castellanSipHoldingRefused: liveCounter(3),
  },
})

export const castellanSipStorage = defineScalars({
  name: 'castellanSipStorage',
  oid: `${castellanArc}.12.151.1.4`,
  objects: {
    castellanSipStorageFailures: storageFailures(1),
    castellanSipStorageUnkept: storageUnkept(1),
    castellanSipStorageReason: storageReason(1),
  },
})
