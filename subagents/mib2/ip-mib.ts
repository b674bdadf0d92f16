/** The module of IP-MIB: counters of IP and ICMP, settings of interfaces, addresses, neighbours and default routers. */
import { networkInterfaces } from 'node:os'
import type { MibModule } from '../../lib/mib/module.ts'
import { oid } from '../../lib/smi/oid.ts'
import type { SystemFiles } from './files.ts'
import { IpCounters } from './ip-counters.ts'
import type { Routes } from './ip-forward-mib.ts'
import { IpNeighbourhood, type NeighbourhoodOptions } from './ip-neighbourhood.ts'
import { IpSettings } from './ip-settings.ts'
import type { Links } from './known-links.ts'

export interface IpSources {
  readonly files: SystemFiles
  readonly links: Links
  readonly routes: Routes
  readonly interfaces?: NeighbourhoodOptions['interfaces']
  readonly neighbours6?: string | undefined
}

export function ipModule({ files, links, routes, interfaces = networkInterfaces, neighbours6 }: IpSources): MibModule {
  const counters = new IpCounters(files, links)
  const settings = new IpSettings(files, links)
  const found: NeighbourhoodOptions['found'] = (addresses) => settings.takeIdentifiers(addresses)
  const neighbourhood = new IpNeighbourhood({ files, links, routes, interfaces, neighbours6, found })
  return {
    name: 'ip',
    description: 'IP-MIB (RFC 4293), and the ip, at and icmp groups of RFC 1213',
    oid: oid('1.3.6.1.2.1.48'),
    tables: [...neighbourhood.tables, ...counters.tables, ...settings.tables],
    async start(host) {
      await counters.start(host)
      await neighbourhood.start(host)
      await settings.start(host)
    },
  }
}
