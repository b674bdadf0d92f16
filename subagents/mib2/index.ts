/** mib2: the modules of MIB-II and its successors, which share the links and the routes that one of them samples. */
import type { ConfiguredModule } from '../../lib/mib/hosting.ts'
import { SystemFiles } from './files.ts'
import { interfacesModule } from './if-mib.ts'
import { Routes, routesModule } from './ip-forward-mib.ts'
import { ipModule } from './ip-mib.ts'
import { Links } from './known-links.ts'
import { LinkReader } from './links.ts'
import { tcpModule } from './tcp-mib.ts'
import { udpModule } from './udp-mib.ts'

export { sysObjectId } from './if-mib.ts'

export interface Mib2Options {
  readonly files?: SystemFiles
  /** The report of neighbours6Program, which is made where programs may be started. */
  readonly neighbours6?: string
}

/** Links first: what names an interface needs its index. */
export function mib2Modules({ files = new SystemFiles(), neighbours6 }: Mib2Options = {}): ConfiguredModule[] {
  const file = 'agent/snmpd.cnf'
  const links = new Links(new LinkReader(files))
  const routes = new Routes()
  const others = [
    routesModule(files, links, routes),
    ipModule({ files, links, routes, neighbours6 }),
    tcpModule(files),
    udpModule(files),
  ]
  return [{ ...interfacesModule(files, links), file }, ...others.map((module) => ({ module, configured: [], file }))]
}
