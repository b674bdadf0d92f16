/** Routes as rows of IP-FORWARD-MIB, and of the table of RFC 1213 before it. */
import type { RowOf } from '../../lib/mib/declare.ts'
import { zeroDotZero } from '../../lib/smi/oid.ts'
import { dotted, inetAddressOf, maskOf } from './address.ts'
import type { inetCidrRouteTable, ipRouteTable } from './mib.ts'
import type { Route } from './route-records.ts'
import { isOnLink } from './route-table.ts'

type RouteRow = RowOf<typeof inetCidrRouteTable>
type OldRow = RowOf<typeof ipRouteTable>

const unused = -1 // RFC 4292: a metric that is not used

/**
 * Rows of the same destination and next hop are told apart by inetCidrRoutePolicy: the first has 0.0, and the others the
 * interface and the metric behind that.
 */
export function toRouteRow(route: Route, isAlternative: boolean): RouteRow {
  const { destination, prefixLength, gateway, ifIndex, metric } = route
  const to = inetAddressOf(destination, ifIndex)
  const via = inetAddressOf(gateway, ifIndex)
  const isNamed = gateway.some((octet) => octet !== 0)
  return {
    inetCidrRouteDestType: to.type,
    inetCidrRouteDest: to.octets,
    inetCidrRoutePfxLen: prefixLength,
    inetCidrRoutePolicy: isAlternative ? [...zeroDotZero, ifIndex, metric] : zeroDotZero,
    // RFC 4292: unknown(0) of no length when there is no next hop; nor does the kernel name one that is of another family.
    inetCidrRouteNextHopType: isNamed ? via.type : 'unknown',
    inetCidrRouteNextHop: isNamed ? via.octets : new Uint8Array(0),
    inetCidrRouteIfIndex: ifIndex,
    inetCidrRouteType: route.isReject ? 'reject' : isOnLink(route) ? 'local' : 'remote',
    inetCidrRouteProto: protocolOf(route),
    inetCidrRouteNextHopAS: 0,
    inetCidrRouteMetric1: metric | 0,
    inetCidrRouteMetric2: unused,
    inetCidrRouteMetric3: unused,
    inetCidrRouteMetric4: unused,
    inetCidrRouteMetric5: unused,
    inetCidrRouteStatus: 'active',
  }
}

/** RFC 1213: of several routes to one destination address, which its index cannot tell apart, the first. */
export function toIpRouteRow(route: Route): OldRow {
  const { destination, prefixLength, gateway, ifIndex, metric } = route
  const protocol = protocolOf(route)
  return {
    ipRouteDest: dotted(destination),
    ipRouteIfIndex: ifIndex,
    ipRouteMetric1: metric | 0,
    ipRouteMetric2: unused,
    ipRouteMetric3: unused,
    ipRouteMetric4: unused,
    ipRouteNextHop: dotted(gateway),
    ipRouteType: route.isReject ? 'other' : isOnLink(route) ? 'direct' : 'indirect',
    ipRouteProto: protocol,
    ipRouteMask: maskOf(prefixLength),
    ipRouteMetric5: unused,
    ipRouteInfo: zeroDotZero,
  }
}

/** /proc does not say who made a route: one to the link's own network comes with its address, others from a manager. */
function protocolOf(route: Route): OldRow['ipRouteProto'] & RouteRow['inetCidrRouteProto'] {
  if (route.isDynamic) return 'icmp'
  if (route.isAdvertised) return 'other' // a router's advertisement has no number of its own
  return isOnLink(route) && !route.isReject ? 'local' : 'netmgmt'
}
