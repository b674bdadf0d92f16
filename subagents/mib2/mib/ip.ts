/** The ip group, addresses, neighbours and routers of IP-MIB (RFC 4293), with the tables of RFC 1213 that they replace. */
import { column, defineScalars, defineTable } from '../../../lib/mib/declare.ts'
import {
  counter32,
  enumeration,
  integer32,
  ipAddress,
  objectIdentifier,
  octetString,
  physAddress,
  rowStatus,
  storageType,
  timeStamp,
  truthValue,
  unsigned32,
} from '../../../lib/mib/syntax.ts'
import { inetAddress, inetAddressPrefixLength, inetAddressType, networkAddressIndex } from './inet-address.ts'

const maybe = { presence: 'maybe' } as const
const forwarding = { forwarding: 1, notForwarding: 2 } as const
const interfaceIndex = () => integer32(1, 0x7fff_ffff)

export const ipGroup = defineScalars({
  name: 'ip',
  oid: '1.3.6.1.2.1.4',
  objects: {
    ipForwarding: column(1, enumeration(forwarding), 'read-only'),
    ipDefaultTTL: column(2, integer32(1, 255), 'read-only'),
    ipInReceives: column(3, counter32()),
    ipInHdrErrors: column(4, counter32()),
    ipInAddrErrors: column(5, counter32()),
    ipForwDatagrams: column(6, counter32()),
    ipInUnknownProtos: column(7, counter32()),
    ipInDiscards: column(8, counter32()),
    ipInDelivers: column(9, counter32()),
    ipOutRequests: column(10, counter32()),
    ipOutDiscards: column(11, counter32()),
    ipOutNoRoutes: column(12, counter32()),
    ipReasmTimeout: column(13, integer32()),
    ipReasmReqds: column(14, counter32()),
    ipReasmOKs: column(15, counter32()),
    ipReasmFails: column(16, counter32()),
    ipFragOKs: column(17, counter32()),
    ipFragFails: column(18, counter32()),
    ipFragCreates: column(19, counter32()),
  },
})

/** In a group of its own: a host without IPv6 has no row of it. */
export const ipv6Group = defineScalars({
  name: 'ipv6',
  oid: '1.3.6.1.2.1.4',
  objects: {
    ipv6IpForwarding: column(25, enumeration(forwarding)),
    ipv6IpDefaultHopLimit: column(26, integer32(0, 255)),
  },
})

export const interfaceTableChanges = defineScalars({
  name: 'interfaceTableChanges',
  oid: '1.3.6.1.2.1.4',
  objects: {
    ipv4InterfaceTableLastChange: column(27, timeStamp()),
    ipv6InterfaceTableLastChange: column(29, timeStamp()),
  },
})

export const ipv4InterfaceTable = defineTable({
  name: 'ipv4InterfaceTable',
  oid: '1.3.6.1.2.1.4.28',
  index: { ipv4InterfaceIfIndex: column(1, interfaceIndex(), 'not-accessible') },
  columns: {
    ipv4InterfaceReasmMaxSize: column(2, integer32(0, 65_535)),
    ipv4InterfaceEnableStatus: column(3, enumeration({ up: 1, down: 2 })),
    ipv4InterfaceRetransmitTime: column(4, unsigned32()),
  },
})

export const ipv6InterfaceTable = defineTable({
  name: 'ipv6InterfaceTable',
  oid: '1.3.6.1.2.1.4.30',
  index: { ipv6InterfaceIfIndex: column(1, interfaceIndex(), 'not-accessible') },
  columns: {
    ipv6InterfaceReasmMaxSize: column(2, unsigned32(1500, 65_535)),
    ipv6InterfaceIdentifier: column(3, octetString(0, 8, 'Ipv6AddressIfIdentifierTC')),
    ipv6InterfaceEnableStatus: column(5, enumeration({ up: 1, down: 2 })),
    ipv6InterfaceReachableTime: column(6, unsigned32()),
    ipv6InterfaceRetransmitTime: column(7, unsigned32()),
    ipv6InterfaceForwarding: column(8, enumeration(forwarding)),
  },
})

export const ipAddressPrefixTable = defineTable({
  name: 'ipAddressPrefixTable',
  oid: '1.3.6.1.2.1.4.32',
  index: {
    ipAddressPrefixIfIndex: column(1, interfaceIndex(), 'not-accessible'),
    ipAddressPrefixType: column(2, inetAddressType(), 'not-accessible'),
    ipAddressPrefixPrefix: column(3, inetAddress(), 'not-accessible'),
    ipAddressPrefixLength: column(4, inetAddressPrefixLength(), 'not-accessible'),
  },
  columns: {
    ipAddressPrefixOrigin: column(
      5,
      enumeration({ other: 1, manual: 2, wellknown: 3, dhcp: 4, routeradv: 5 }, 'IpAddressPrefixOriginTC'),
    ),
    ipAddressPrefixOnLinkFlag: column(6, truthValue()),
    ipAddressPrefixAutonomousFlag: column(7, truthValue()),
    ipAddressPrefixAdvPreferredLifetime: column(8, unsigned32()),
    ipAddressPrefixAdvValidLifetime: column(9, unsigned32()),
  },
})

export const ipAddressTable = defineTable({
  name: 'ipAddressTable',
  oid: '1.3.6.1.2.1.4.34',
  index: {
    ipAddressAddrType: column(1, inetAddressType(), 'not-accessible'),
    ipAddressAddr: column(2, inetAddress(), 'not-accessible'),
  },
  columns: {
    ipAddressIfIndex: column(3, interfaceIndex()),
    ipAddressType: column(4, enumeration({ unicast: 1, anycast: 2, broadcast: 3 })),
    ipAddressPrefix: column(5, objectIdentifier('RowPointer')),
    ipAddressOrigin: column(
      6,
      enumeration({ other: 1, manual: 2, dhcp: 4, linklayer: 5, random: 6 }, 'IpAddressOriginTC'),
    ),
    ipAddressStatus: column(
      7,
      enumeration(
        {
          preferred: 1,
          deprecated: 2,
          invalid: 3,
          inaccessible: 4,
          unknown: 5,
          tentative: 6,
          duplicate: 7,
          optimistic: 8,
        },
        'IpAddressStatusTC',
      ),
    ),
    ipAddressCreated: column(8, timeStamp()),
    ipAddressLastChanged: column(9, timeStamp()),
    ipAddressRowStatus: column(10, rowStatus()),
    ipAddressStorageType: column(11, storageType()),
  },
})

export const ipNetToPhysicalTable = defineTable({
  name: 'ipNetToPhysicalTable',
  oid: '1.3.6.1.2.1.4.35',
  index: {
    ipNetToPhysicalIfIndex: column(1, interfaceIndex(), 'not-accessible'),
    ipNetToPhysicalNetAddressType: column(2, inetAddressType(), 'not-accessible'),
    ipNetToPhysicalNetAddress: column(3, inetAddress(), 'not-accessible'),
  },
  columns: {
    ipNetToPhysicalPhysAddress: column(4, physAddress()),
    ipNetToPhysicalLastUpdated: column(5, timeStamp()),
    ipNetToPhysicalType: column(6, enumeration({ other: 1, invalid: 2, dynamic: 3, static: 4, local: 5 })),
    ipNetToPhysicalState: column(
      7,
      enumeration({ reachable: 1, stale: 2, delay: 3, probe: 4, invalid: 5, unknown: 6, incomplete: 7 }),
    ),
    ipNetToPhysicalRowStatus: column(8, rowStatus()),
  },
})

export const ipDefaultRouterTable = defineTable({
  name: 'ipDefaultRouterTable',
  oid: '1.3.6.1.2.1.4.37',
  index: {
    ipDefaultRouterAddressType: column(1, inetAddressType(), 'not-accessible'),
    ipDefaultRouterAddress: column(2, inetAddress(), 'not-accessible'),
    ipDefaultRouterIfIndex: column(3, interfaceIndex(), 'not-accessible'),
  },
  columns: {
    ipDefaultRouterLifetime: column(4, unsigned32(0, 65_535)),
    ipDefaultRouterPreference: column(5, enumeration({ reserved: -2, low: -1, medium: 0, high: 1 })),
  },
})

export const ipAddrTable = defineTable({
  name: 'ipAddrTable',
  oid: '1.3.6.1.2.1.4.20',
  index: { ipAdEntAddr: column(1, ipAddress()) },
  columns: {
    ipAdEntIfIndex: column(2, interfaceIndex()),
    ipAdEntNetMask: column(3, ipAddress()),
    ipAdEntBcastAddr: column(4, integer32(0, 1)),
    ipAdEntReasmMaxSize: column(5, integer32(0, 65_535)),
  },
})

export const ipNetToMediaTable = defineTable({
  name: 'ipNetToMediaTable',
  oid: '1.3.6.1.2.1.4.22',
  index: {
    ipNetToMediaIfIndex: column(1, interfaceIndex()),
    ipNetToMediaNetAddress: column(3, ipAddress()),
  },
  columns: {
    ipNetToMediaPhysAddress: column(2, physAddress(), 'read-only', maybe),
    ipNetToMediaType: column(4, enumeration({ other: 1, invalid: 2, dynamic: 3, static: 4 })),
  },
})

export const atTable = defineTable({
  name: 'atTable',
  oid: '1.3.6.1.2.1.3.1',
  entryName: 'atEntry',
  index: {
    atIfIndex: column(1, integer32()),
    // As an index it has its kind before it; as a value (below) it is an IpAddress.
    atNetAddress: column(3, networkAddressIndex(), 'not-accessible'),
  },
  columns: {
    atPhysAddress: column(2, physAddress(), 'read-only', maybe),
    atNetAddress: column(3, ipAddress()),
  },
})
