/** The module of IP-FORWARD-MIB: the routes of the main tables, IPv4 and IPv6. */
import type { RowOf } from '../../lib/mib/declare.ts'
import { fill } from '../../lib/mib/generator.ts'
import { anyServing, type MibModule, serve } from '../../lib/mib/module.ts'
import { oid, zeroDotZero } from '../../lib/smi/oid.ts'
import { inetAddressOf } from './address.ts'
import type { SystemFiles } from './files.ts'
import type { Links } from './known-links.ts'
import { collect } from './lines.ts'
import { inetCidrRouteTable, ipForwardGroup } from './mib.ts'
import { isOnLink, parseRoutes4, parseRoutes6, type Route } from './routes.ts'
import { Sampler } from './sampler.ts'

const everyMs = 5_000

/** The routes of the last sample, for those who look for routers. */
export class Routes {
  all: readonly Route[] = []
}

export function routesModule(files: SystemFiles, links: Links, known: Routes): MibModule {
  const routes = serve(inetCidrRouteTable, {
    // RFC 4292: since the route was last determined to be correct, which is when it was last sampled.
    live: { inetCidrRouteAge: () => Math.floor(sampler.ageMs / 1000) },
  })
  const scalars = serve(ipForwardGroup, { live: { inetCidrRouteNumber: () => routes.table.size } })
  // The table has room for every valid route: none is ever discarded to make room.
  scalars.table.put({ inetCidrRouteDiscards: 0 })

  const sampler = new Sampler('routes', everyMs, async ({ signal }) => {
    const [four, six] = await Promise.all([files.wanted('/proc/net/route'), files.text('/proc/net/ipv6_route')])
    const found = await collect(parseRoutes4(four), signal)
    found.push(...(await collect(parseRoutes6(six ?? ''), signal)))
    known.all = found
    await fill(
      anyServing(routes).table,
      toRouteRows(found, (name) => links.indexOf(name)),
      signal,
    )
  })

  return {
    name: 'routes',
    description: 'IP-FORWARD-MIB, read-only (RFC 4292)',
    oid: oid('1.3.6.1.2.1.4.24'),
    tables: [routes, scalars].map(anyServing),
    start: (host) => sampler.start(host),
  }
}

type RouteRow = RowOf<typeof inetCidrRouteTable>

const unused = -1 // RFC 4292: a metric that is not used

/**
 * Rows of the same destination and next hop are told apart by inetCidrRoutePolicy: the first has 0.0, and the others the
 * interface and the metric behind that.
 */
export function* toRouteRows(routes: readonly Route[], indexOf: (link: string) => number): Generator<RouteRow> {
  const seen = new Set<string>()
  for (const route of routes) {
    const { destination, prefixLength, gateway, link, metric } = route
    const ifIndex = indexOf(link)
    const onLink = isOnLink(route)
    const to = inetAddressOf(destination, ifIndex)
    const via = inetAddressOf(gateway, ifIndex)
    const key = `${to.octets}/${prefixLength} ${via.octets}`
    const policy = seen.has(key) ? [...zeroDotZero, ifIndex, metric] : zeroDotZero
    seen.add(key)
    yield {
      inetCidrRouteDestType: to.type,
      inetCidrRouteDest: to.octets,
      inetCidrRoutePfxLen: prefixLength,
      inetCidrRoutePolicy: policy,
      // RFC 4292: unknown(0) of no length when there is no next hop.
      inetCidrRouteNextHopType: onLink ? 'unknown' : via.type,
      inetCidrRouteNextHop: onLink ? new Uint8Array(0) : via.octets,
      inetCidrRouteIfIndex: ifIndex,
      inetCidrRouteType: route.isReject ? 'reject' : onLink ? 'local' : 'remote',
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
}

/** /proc does not say who made a route: one to the link's own network comes with its address, others from a manager. */
function protocolOf(route: Route): RouteRow['inetCidrRouteProto'] {
  if (route.isDynamic) return 'icmp'
  if (route.isAdvertised) return 'other' // a router's advertisement has no number of its own
  return isOnLink(route) && !route.isReject ? 'local' : 'netmgmt'
}
