/** SIP-SERVER-MIB (RFC 4780): the registrar of sipd, and how full it is. */
import { anyServing, type MibModule, type Serving, serve } from '../../lib/mib/module.ts'
import { SingleRow } from '../../lib/mib/single-row.ts'
import { addressOctets } from '../../lib/net/address.ts'
import { oid } from '../../lib/smi/oid.ts'
import { applIndex } from './application.ts'
import type { SipCounters } from './counters.ts'
import type { MasterTime } from './master-time.ts'
import { castellanSipRegistrarTable, sipServerCfgTable, sipServerRegCfgTable, sipServerRegStatsTable } from './mib.ts'
import type { SipView } from './view.ts'

export function sipServerModule(view: SipView, counters: SipCounters, time: MasterTime): MibModule {
  const registrar = new SingleRow(
    sipServerRegCfgTable,
    { applIndex },
    {
      live: {
        sipServerRegMaxContactExpiryDuration: () => view.limits().maxExpiresSeconds,
        sipServerRegMaxUsers: () => view.limits().users,
        sipServerRegCurrentUsers: () => view.registeredUsers(),
        sipServerRegDfltRegActiveInterval: () => view.limits().defaultExpiresSeconds,
      },
    },
  )
  const registrations = new SingleRow(
    sipServerRegStatsTable,
    { applIndex },
    {
      live: {
        sipServerRegStatsAcceptedRegs: () => counters.count(({ acceptedRegistrations }) => acceptedRegistrations),
        sipServerRegStatsRejectedRegs: () => counters.count(({ rejectedRegistrations }) => rejectedRegistrations),
        sipServerRegStatsDisconTime: () => time.startedTicks,
      },
    },
  )
  return {
    name: 'sip-server',
    description: 'SIP-SERVER-MIB: the registrar of sipd (RFC 4780)',
    oid: oid('1.3.6.1.2.1.151'),
    tables: [ownAddress(view), registrar, registrations].map(anyServing),
  }
}

function ownAddress({ listen: [first] }: SipView) {
  const served = serve(sipServerCfgTable)
  const sipServerCfgHostAddress = addressOctets(first?.address ?? '0.0.0.0') ?? new Uint8Array(4)
  const sipServerCfgHostAddressType = sipServerCfgHostAddress.length === 16 ? 'ipv6' : 'ipv4'
  served.table.put({ applIndex, sipServerCfgHostAddressType, sipServerCfgHostAddress })
  return served
}

/** Of CASTELLAN-SIP-MIB: registered users, as a share of RegistrarMaxUsers. */
export function registrarShare(view: SipView): Serving {
  return anyServing(
    new SingleRow(
      castellanSipRegistrarTable,
      { applIndex },
      { live: { castellanSipRegistrarUsersPercent: () => percentOf(view.registeredUsers(), view.limits().users) } },
    ),
  )
}

/** Rounded down, so that 100 is full; a lowered limit may be exceeded. */
function percentOf(count: number, most: number): number {
  return Math.min(100, Math.floor((100 * count) / most))
}
