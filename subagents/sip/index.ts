/** The sip modules: the SNMP face of sipd, hosted by its own process. */
import type { Clock } from '../../lib/clock.ts'
import { anyServing, type MibModule, type ModuleHost, serve } from '../../lib/mib/module.ts'
import { oid } from '../../lib/smi/oid.ts'
import type { SipStatistics } from '../../sipd/statistics.ts'
import {
  applTable,
  sipCommonCfgTable,
  sipCommonMethodStatsTable,
  sipCommonMethodSupportedTable,
  sipCommonOtherStatsTable,
  sipCommonPortTable,
  sipCommonStatusCodeTable,
  sipCommonSummaryStatsTable,
  sipCommonTransCurrentTable,
  sipServerCfgTable,
  sipServerRegCfgTable,
  sipServerRegStatsTable,
} from './mib.ts'

/** What sipd shows of itself. */
export interface SipView {
  readonly clock: Clock
  readonly version: string
  readonly statistics: SipStatistics
  readonly listen: readonly { readonly address: string; readonly port: number }[]
  readonly methods: readonly string[]
  readonly registrar: {
    readonly maxExpiresSeconds: number
    readonly defaultExpiresSeconds: number
    readonly users: number
  }
  registeredUsers(): number
  currentTransactions(): number
  readonly maxTransactions: number
}

/** The only application of this kind on the appliance. */
const applIndex = 1
/** As often as the tables of methods are looked at for new ones. */
const refreshEveryMs = 1000

export function sipModules(view: SipView): MibModule[] {
  const { statistics, clock } = view
  let host: ModuleHost | undefined
  const startedMs = clock.monotonicMs()
  /** A time of ours as the master's sysUpTime had it then; 0 for what was before the master. */
  const stamp = (atMs: number | undefined): number => {
    if (atMs === undefined || !host) return 0
    return Math.max(0, host.upTimeTicks() - Math.floor((clock.monotonicMs() - atMs) / 10))
  }
  const started = (): number => stamp(startedMs)
  const count = (value: number): number => value >>> 0

  const application = serve(applTable, {
    live: {
      applUptime: started,
      applLastChange: started,
      applLastInboundActivity: () => stamp(statistics.lastInboundMs),
      applLastOutboundActivity: () => stamp(statistics.lastOutboundMs),
    },
  })
  application.table.put({
    applIndex,
    applName: 'sipd',
    applDirectoryName: '',
    applVersion: view.version,
    applOperStatus: 'up',
    // Associations are connections, and UDP has none.
    applInboundAssociations: 0,
    applOutboundAssociations: 0,
    applAccumulatedInboundAssociations: 0,
    applAccumulatedOutboundAssociations: 0,
    applRejectedInboundAssociations: 0,
    applFailedOutboundAssociations: 0,
    applDescription: 'the SIP registrar of the appliance',
    applURL: '',
  })
  const configuration = serve(sipCommonCfgTable, {
    live: { sipCommonCfgServiceStartTime: started, sipCommonCfgServiceLastChange: started },
  })
  configuration.table.put({
    applIndex,
    sipCommonCfgProtocolVersion: 'SIP/2.0',
    sipCommonCfgServiceOperStatus: 'up',
    sipCommonCfgOrganization: '',
    sipCommonCfgMaxTransactions: view.maxTransactions,
    sipCommonCfgEntityType: new Set(['registrarServer' as const]),
  })
  const ports = serve(sipCommonPortTable)
  for (const { port } of view.listen)
    ports.table.put({ applIndex, sipCommonPort: port, sipCommonPortTransportRcv: new Set(['udp' as const]) })
  const methods = serve(sipCommonMethodSupportedTable)
  for (const [i, name] of view.methods.entries())
    methods.table.put({ applIndex, sipCommonMethodSupportedIndex: i + 1, sipCommonMethodSupportedName: name })
  const summary = serve(sipCommonSummaryStatsTable, {
    live: {
      sipCommonSummaryInRequests: () => count(statistics.inRequests),
      sipCommonSummaryOutRequests: () => 0, // nothing is forwarded yet
      sipCommonSummaryInResponses: () => count(statistics.inResponses),
      sipCommonSummaryOutResponses: () => count(statistics.outResponses),
      sipCommonSummaryTotalTransactions: () => count(statistics.transactions),
      sipCommonSummaryDisconTime: started,
    },
  })
  const byMethod = serve(sipCommonMethodStatsTable, {
    live: {
      sipCommonMethodStatsOutbounds: () => 0,
      sipCommonMethodStatsInbounds: ({ sipCommonMethodStatsName }) =>
        count(statistics.inboundByMethod.get(sipCommonMethodStatsName) ?? 0),
      sipCommonMethodStatsDisconTime: started,
    },
    generate: {
      everyMs: refreshEveryMs,
      *rows() {
        for (const sipCommonMethodStatsName of new Set([...view.methods, ...statistics.inboundByMethod.keys()]))
          yield { applIndex, sipCommonMethodStatsName }
      },
    },
  })
  const byStatus = serve(sipCommonStatusCodeTable, {
    live: {
      sipCommonStatusCodeIns: () => 0,
      sipCommonStatusCodeOuts: ({ sipCommonStatusCodeMethod, sipCommonStatusCodeValue }) =>
        count(statistics.sentByStatus.get(`${sipCommonStatusCodeMethod} ${sipCommonStatusCodeValue}`) ?? 0),
      sipCommonStatusCodeDisconTime: started,
    },
    // RFC 4780, sipCommonStatusCodeRowStatus: only createAndGo and destroy, for this one application.
    test: ({ before, after, wishes }) => {
      if ((after ?? before)?.applIndex !== applIndex) return 'noCreation'
      const wish = wishes.sipCommonStatusCodeRowStatus
      return wish === 'createAndGo' || wish === 'destroy' || wish === 'active' ? undefined : 'inconsistentValue'
    },
  })
  const current = serve(sipCommonTransCurrentTable, {
    live: { sipCommonTransCurrentactions: () => view.currentTransactions() },
  })
  const others = serve(sipCommonOtherStatsTable, {
    live: {
      sipCommonOtherStatsNumUnsupportedUris: () => count(statistics.unsupportedUris),
      sipCommonOtherStatsNumUnsupportedMethods: () => count(statistics.unsupportedMethods),
      sipCommonOtherStatsOtherwiseDiscardedMsgs: () => count(statistics.discarded),
      sipCommonOtherStatsDisconTime: started,
    },
  })
  const address = serve(sipServerCfgTable)
  address.table.put({
    applIndex,
    sipServerCfgHostAddressType: 'ipv4',
    sipServerCfgHostAddress: Uint8Array.from((view.listen[0]?.address ?? '0.0.0.0').split('.'), Number),
  })
  const registrar = serve(sipServerRegCfgTable, { live: { sipServerRegCurrentUsers: () => view.registeredUsers() } })
  registrar.table.put({
    applIndex,
    sipServerRegMaxContactExpiryDuration: view.registrar.maxExpiresSeconds,
    sipServerRegMaxUsers: view.registrar.users,
    sipServerRegDfltRegActiveInterval: view.registrar.defaultExpiresSeconds,
  })
  const registrations = serve(sipServerRegStatsTable, {
    live: {
      sipServerRegStatsAcceptedRegs: () => count(statistics.acceptedRegistrations),
      sipServerRegStatsRejectedRegs: () => count(statistics.rejectedRegistrations),
      sipServerRegStatsDisconTime: started,
    },
  })
  for (const { table } of [summary, current, others, registrations]) (table as typeof summary.table).put({ applIndex })

  const start = async (moduleHost: ModuleHost): Promise<void> => {
    host = moduleHost
  }
  return [
    {
      name: 'network-services',
      description: 'NETWORK-SERVICES-MIB: sipd as an application (RFC 2788)',
      oid: oid('1.3.6.1.2.1.27'),
      tables: [application].map(anyServing),
      start,
    },
    {
      name: 'sip-common',
      description: 'SIP-COMMON-MIB: what sipd received and answered (RFC 4780)',
      oid: oid('1.3.6.1.2.1.149'),
      tables: [configuration, ports, methods, summary, byMethod, byStatus, current, others].map(anyServing),
    },
    {
      name: 'sip-server',
      description: 'SIP-SERVER-MIB: the registrar of sipd (RFC 4780)',
      oid: oid('1.3.6.1.2.1.151'),
      tables: [address, registrar, registrations].map(anyServing),
    },
  ]
}
