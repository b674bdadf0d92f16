/** NETWORK-SERVICES-MIB (RFC 2788): sipd as an application. */
import { anyServing, type MibModule, serve } from '../../lib/mib/module.ts'
import { oid } from '../../lib/smi/oid.ts'
import type { MasterTime } from './master-time.ts'
import { applTable } from './mib.ts'
import type { SipView } from './view.ts'

/** The only application of this kind on the appliance. */
export const applIndex = 1

export function applicationModule(view: SipView, time: MasterTime): MibModule {
  const application = serve(applTable, {
    live: {
      applUptime: () => time.startedTicks,
      applOperStatus: () => view.state(),
      applInboundAssociations: () => view.connections(),
      applLastChange: () => time.startedTicks,
      applLastInboundActivity: () => time.stamp(view.lastInboundMs()),
      applLastOutboundActivity: () => time.stamp(view.lastOutboundMs()),
    },
  })
  application.table.put({
    applIndex,
    applName: 'sipd',
    applDirectoryName: '',
    applVersion: view.version,
    // Associations are connections, of which the workers count those that stand; UDP has none.
    applOutboundAssociations: 0,
    applAccumulatedInboundAssociations: 0,
    applAccumulatedOutboundAssociations: 0,
    applRejectedInboundAssociations: 0,
    applFailedOutboundAssociations: 0,
    applDescription: 'the SIP proxy and registrar of the appliance',
    applURL: '',
  })
  return {
    name: 'network-services',
    description: 'NETWORK-SERVICES-MIB: sipd as an application (RFC 2788)',
    oid: oid('1.3.6.1.2.1.27'),
    tables: [anyServing(application)],
    start: async (host) => time.follow(host),
  }
}
