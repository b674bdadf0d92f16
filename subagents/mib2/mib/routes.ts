/** IP-FORWARD-MIB (RFC 4292) and ipRouteTable (RFC 1213): the routes, read-only. */
import { column, defineScalars, defineTable } from '../../../lib/mib/declare.ts'
import {
  counter32,
  enumeration,
  gauge32,
  integer32,
  ipAddress,
  objectIdentifier,
  rowStatus,
  unsigned32,
} from '../../../lib/mib/syntax.ts'
import { inetAddress, inetAddressPrefixLength, inetAddressType } from './inet-address.ts'

const live = { presence: 'live' } as const

export const ipForwardGroup = defineScalars({
  name: 'ipForward',
  oid: '1.3.6.1.2.1.4.24',
  objects: {
    inetCidrRouteNumber: column(6, gauge32(), 'read-only', live),
    inetCidrRouteDiscards: column(8, counter32(), 'read-only'),
  },
})

export const inetCidrRouteTable = defineTable({
  name: 'inetCidrRouteTable',
  oid: '1.3.6.1.2.1.4.24.7',
  index: {
    inetCidrRouteDestType: column(1, inetAddressType(), 'not-accessible'),
    inetCidrRouteDest: column(2, inetAddress(), 'not-accessible'),
    inetCidrRoutePfxLen: column(3, inetAddressPrefixLength(), 'not-accessible'),
    inetCidrRoutePolicy: column(4, objectIdentifier(), 'not-accessible'),
    inetCidrRouteNextHopType: column(5, inetAddressType(), 'not-accessible'),
    inetCidrRouteNextHop: column(6, inetAddress(), 'not-accessible'),
  },
  columns: {
    inetCidrRouteIfIndex: column(7, integer32(0, 0x7fff_ffff)),
    inetCidrRouteType: column(8, enumeration({ other: 1, reject: 2, local: 3, remote: 4, blackhole: 5 })),
    inetCidrRouteProto: column(9, enumeration({ other: 1, local: 2, netmgmt: 3, icmp: 4 }, 'IANAipRouteProtocol')),
    inetCidrRouteAge: column(10, gauge32(), 'read-only', live),
    inetCidrRouteNextHopAS: column(11, unsigned32()),
    inetCidrRouteMetric1: column(12, integer32()),
    inetCidrRouteMetric2: column(13, integer32()),
    inetCidrRouteMetric3: column(14, integer32()),
    inetCidrRouteMetric4: column(15, integer32()),
    inetCidrRouteMetric5: column(16, integer32()),
    inetCidrRouteStatus: column(17, rowStatus()),
  },
})

/** Superseded twice, and still what some managers ask for. */
export const ipRouteTable = defineTable({
  name: 'ipRouteTable',
  oid: '1.3.6.1.2.1.4.21',
  index: { ipRouteDest: column(1, ipAddress()) },
  columns: {
    ipRouteIfIndex: column(2, integer32()),
    ipRouteMetric1: column(3, integer32()),
    ipRouteMetric2: column(4, integer32()),
    ipRouteMetric3: column(5, integer32()),
    ipRouteMetric4: column(6, integer32()),
    ipRouteNextHop: column(7, ipAddress()),
    ipRouteType: column(8, enumeration({ other: 1, invalid: 2, direct: 3, indirect: 4 })),
    ipRouteProto: column(
      9,
      enumeration({
        other: 1,
        local: 2,
        netmgmt: 3,
        icmp: 4,
        egp: 5,
        ggp: 6,
        hello: 7,
        rip: 8,
        'is-is': 9,
        'es-is': 10,
        ciscoIgrp: 11,
        bbnSpfIgp: 12,
        ospf: 13,
        bgp: 14,
      }),
    ),
    ipRouteAge: column(10, integer32(), 'read-only', live),
    ipRouteMask: column(11, ipAddress()),
    ipRouteMetric5: column(12, integer32()),
    ipRouteInfo: column(13, objectIdentifier()),
  },
})
