/** The static routes of a worker, from sipd.conf and their file. */
import { join, resolve } from 'node:path'
import type { Home } from '../../lib/home/home.ts'
import type { Log } from '../../lib/log/log.ts'
import type { Clock } from '../../lib/time/clock.ts'
import type { SipdConfig } from '../config/directives.ts'
import { RouteWatch } from '../routes/route-watch.ts'
import { Router, type RouterSettings } from '../routes/router.ts'

export function routingOf(config: SipdConfig, home: Home, clock: Clock, log: Log): RouteWatch {
  return new RouteWatch({ path: routesPath(config, home), clock, log, router: new Router(routerSettings(config)) })
}

/** What sipd.conf says of static routes. */
export function routerSettings(config: SipdConfig): RouterSettings {
  return {
    isOn: config.Cisco_Routing,
    usesDomains: config.Cisco_Routing_Use_Domain_Routing,
    searchesLessSpecific: config.Cisco_Routing_Global_Less_Specific_Route_Search,
    allowsSipsToSip: config.AllowSipTlsConversionToSip,
  }
}

/** Cisco_Routing_Rendezvous_Directory and _Name. */
export function routesPath(config: SipdConfig, home: Home): string {
  const { Cisco_Routing_Rendezvous_Directory: folder, Cisco_Routing_Rendezvous_Name: name } = config
  return join(resolve(home.root, folder), `${name}.sqlite`)
}
