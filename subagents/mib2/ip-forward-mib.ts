/** The module of IP-FORWARD-MIB: the routes of the main tables, IPv4 and IPv6, and of IPv4 as RFC 1213 has them. */
import { anyServing, type MibModule, serve } from '../../lib/mib/module.ts'
import { serveOnDemand } from '../../lib/mib/on-demand.ts'
import { oid } from '../../lib/smi/oid.ts'
import type { SystemFiles } from './files.ts'
import type { Links } from './known-links.ts'
import { inetCidrRouteTable, ipForwardGroup, ipRouteTable } from './mib.ts'
import { toIpRouteRow, toRouteRow } from './route-rows.ts'
import { RouteTable } from './route-table.ts'
import { Sampler } from './sampler.ts'

const everyMs = 5_000

/** The routes of the last sample, for those who look for routers. */
export class Routes {
  table = RouteTable.empty
}

export function routesModule(files: SystemFiles, links: Links, known: Routes): MibModule {
  const ageSeconds = (): number => Math.floor(sampler.ageMs / 1000)
  // RFC 4292: since the route was last determined to be correct, which is when it was last sampled.
  const routes = serveOnDemand(inetCidrRouteTable, { inetCidrRouteAge: ageSeconds })
  const old = serveOnDemand(ipRouteTable, { ipRouteAge: ageSeconds })
  const scalars = serve(ipForwardGroup, { live: { inetCidrRouteNumber: () => routes.table.size } })
  // The table has room for every valid route: none is ever discarded to make room.
  scalars.table.put({ inetCidrRouteDiscards: 0 })

  const show = (table: RouteTable): void => {
    known.table = table
    routes.table.source = {
      size: table.size,
      rowAt: (position) => toRouteRow(table.routeAt(position), table.isAlternative(position)),
    }
    old.table.source = {
      size: table.destinationCount4,
      rowAt: (position) => toIpRouteRow(table.destinationAt4(position)),
    }
  }
  const sampler = new Sampler('routes', everyMs, async (_, work) => {
    const lines = { four: files.lines('/proc/net/route', true), six: files.lines('/proc/net/ipv6_route') }
    const indexOf = (name: string): number => links.indexOf(name)
    let table = known.table
    function* read(): Generator<void> {
      table = yield* RouteTable.read(lines, indexOf, known.table)
    }
    if ((await work.run(read())) && table !== known.table) show(table)
  })

  return {
    name: 'routes',
    description: 'IP-FORWARD-MIB, read-only (RFC 4292), and ipRouteTable (RFC 1213)',
    oid: oid('1.3.6.1.2.1.4.24'),
    tables: [routes, old, scalars].map(anyServing),
    start: (host) => sampler.start(host),
  }
}
