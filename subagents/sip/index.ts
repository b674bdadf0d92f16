/** The sip modules: the SNMP face of sipd, hosted by its own process. */

import type { StorageFigures } from '../../lib/files/storage.ts'
import { anyServing, type MibModule, type ModuleHost, serve } from '../../lib/mib/module.ts'
import { addressOctets } from '../../lib/net/address.ts'
import { oid } from '../../lib/smi/oid.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { allRequests, allResponses, type SipCounters } from './counters.ts'
import { memoryTables, type SipMemory } from './memory.ts'
import {
  applTable,
  castellanSipRegistrarTable,
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
import { storageTable } from './storage.ts'

export type SipState = 'up' | 'down' | 'restarting' | 'quiescing' | 'congested'

/** What sipd shows of itself. */
export interface SipView {
  readonly clock: Clock
  readonly version: string
  counters(): SipCounters
  /** Wall clock, in milliseconds. */
  lastInboundMs(): number | undefined
  lastOutboundMs(): number | undefined
  state(): SipState
  readonly listen: readonly {
    readonly address: string
    readonly port: number
    readonly transports: readonly ('udp' | 'tcp')[]
  }[]
  readonly tlsPort: number | undefined
  readonly methods: readonly string[]
  readonly isRedirectServer: boolean
  /** As sipd.conf has them now: a reload may change them. */
  limits(): SipLimits
  registeredUsers(): number
  currentTransactions(): number
  connections(): number
  memory(): SipMemory
  storage(): StorageFigures
}

export interface SipLimits {
  readonly maxExpiresSeconds: number
  readonly defaultExpiresSeconds: number
  /** RegistrarMaxUsers. */
  readonly users: number
  readonly transactions: number
}

/** Counted from the start, for the shipped triggers: a row that appears with the first response has no growth to show. */
const watchedStatusCodes = [500, 503, 504]

/** The only application of this kind on the appliance. */
const applIndex = 1
/** As often as the tables of methods are looked at for new ones. */
const refreshEveryMs = 1000
const countersForMs = 100
/** What a master's time may seem to waver by, between its answers; more is another master. */
const otherMasterTicks = 100

export function sipModules(view: SipView): MibModule[] {
  const { clock } = view
  let host: ModuleHost | undefined
  const startedMonotonicMs = clock.monotonicMs()
  let startedTicks: number | undefined
  /** A time of ours as the master's sysUpTime had it then; 0 for what was before the master. */
  const stamp = (atMs: number | undefined): number => {
    if (atMs === undefined || !host) return 0
    return Math.max(0, host.upTimeTicks() - Math.floor((clock.now() - atMs) / 10))
  }
  /**
   * When sipd started, by the master's sysUpTime; 0 for what was before the master. It stays what it is while that master
   * runs: as a discontinuity indicator (RFC 4780, ...DisconTime) another value would void every difference.
   */
  const started = (): number => {
    const upTimeTicks = host?.upTimeTicks() ?? 0
    if (upTimeTicks === 0) return 0 // no master has told its time yet
    const ticks = upTimeTicks - Math.floor((clock.monotonicMs() - startedMonotonicMs) / 10)
    if (startedTicks === undefined || Math.abs(ticks - startedTicks) > otherMasterTicks) startedTicks = ticks
    return Math.max(0, startedTicks)
  }
  /** Gathered at most as often as they change: every column of every row would ask for itself. */
  let counters = view.counters()
  let gatheredMs = Number.NEGATIVE_INFINITY
  const current = (): SipCounters => {
    if (clock.monotonicMs() - gatheredMs >= countersForMs) {
      counters = view.counters()
      gatheredMs = clock.monotonicMs()
    }
    return counters
  }
  /** As the Counter32 of what was counted; zero where nothing was. */
  const count = (of: (counters: SipCounters) => number | undefined): number => (of(current()) ?? 0) >>> 0

  const application = serve(applTable, {
    live: {
      applUptime: started,
      applOperStatus: () => view.state(),
      applInboundAssociations: () => view.connections(),
      applLastChange: started,
      applLastInboundActivity: () => stamp(view.lastInboundMs()),
      applLastOutboundActivity: () => stamp(view.lastOutboundMs()),
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
  const configuration = serve(sipCommonCfgTable, {
    live: {
      sipCommonCfgServiceOperStatus: () => view.state(),
      sipCommonCfgServiceStartTime: started,
      sipCommonCfgServiceLastChange: started,
      sipCommonCfgMaxTransactions: () => view.limits().transactions,
    },
  })
  configuration.table.put({
    applIndex,
    sipCommonCfgProtocolVersion: 'SIP/2.0',
    sipCommonCfgOrganization: '',
    sipCommonCfgEntityType: new Set([
      'registrarServer',
      view.isRedirectServer ? 'redirectServer' : 'proxyServer',
    ] as const),
  })
  const ports = serve(sipCommonPortTable)
  for (const { port, transports } of view.listen)
    ports.table.put({ applIndex, sipCommonPort: port, sipCommonPortTransportRcv: new Set(transports) })
  if (view.tlsPort !== undefined)
    ports.table.put({ applIndex, sipCommonPort: view.tlsPort, sipCommonPortTransportRcv: new Set(['tlsTcp' as const]) })
  const methods = serve(sipCommonMethodSupportedTable)
  for (const [i, name] of view.methods.entries())
    methods.table.put({ applIndex, sipCommonMethodSupportedIndex: i + 1, sipCommonMethodSupportedName: name })
  const summary = serve(sipCommonSummaryStatsTable, {
    live: {
      sipCommonSummaryInRequests: () => count((all) => allRequests(all, 'requestsIn')),
      sipCommonSummaryOutRequests: () => count((all) => allRequests(all, 'requestsOut')),
      sipCommonSummaryInResponses: () => count((all) => allResponses(all, 'responsesIn')),
      sipCommonSummaryOutResponses: () => count((all) => allResponses(all, 'responsesOut')),
      sipCommonSummaryTotalTransactions: () => count(({ transactions }) => transactions),
      sipCommonSummaryDisconTime: started,
    },
  })
  const byMethod = serve(sipCommonMethodStatsTable, {
    live: {
      sipCommonMethodStatsOutbounds: ({ sipCommonMethodStatsName }) =>
        count(({ methods }) => methods[sipCommonMethodStatsName]?.requestsOut),
      sipCommonMethodStatsInbounds: ({ sipCommonMethodStatsName }) =>
        count(({ methods }) => methods[sipCommonMethodStatsName]?.requestsIn),
      sipCommonMethodStatsDisconTime: started,
    },
    generate: {
      everyMs: refreshEveryMs,
      *rows() {
        for (const sipCommonMethodStatsName of new Set([...view.methods, ...methodsOf(current())]))
          yield { applIndex, sipCommonMethodStatsName }
      },
    },
  })
  const byStatus = serve(sipCommonStatusCodeTable, {
    live: {
      sipCommonStatusCodeIns: ({ sipCommonStatusCodeMethod, sipCommonStatusCodeValue }) =>
        count(({ methods }) => methods[sipCommonStatusCodeMethod]?.responsesIn[sipCommonStatusCodeValue]),
      sipCommonStatusCodeOuts: ({ sipCommonStatusCodeMethod, sipCommonStatusCodeValue }) =>
        count(({ methods }) => methods[sipCommonStatusCodeMethod]?.responsesOut[sipCommonStatusCodeValue]),
      sipCommonStatusCodeDisconTime: started,
    },
    // RFC 4780, sipCommonStatusCodeRowStatus: only createAndGo and destroy, for this one application.
    test: ({ before, after, wishes }) => {
      if ((after ?? before)?.applIndex !== applIndex) return 'noCreation'
      const wish = wishes.sipCommonStatusCodeRowStatus
      return wish === 'createAndGo' || wish === 'destroy' || wish === 'active' ? undefined : 'inconsistentValue'
    },
  })
  for (const sipCommonStatusCodeValue of watchedStatusCodes)
    byStatus.table.put({
      applIndex,
      sipCommonStatusCodeMethod: 'INVITE',
      sipCommonStatusCodeValue,
      sipCommonStatusCodeRowStatus: 'active',
    })
  const transactions = serve(sipCommonTransCurrentTable, {
    live: { sipCommonTransCurrentactions: () => view.currentTransactions() },
  })
  const others = serve(sipCommonOtherStatsTable, {
    live: {
      sipCommonOtherStatsNumUnsupportedUris: () => count(({ unsupportedUris }) => unsupportedUris),
      sipCommonOtherStatsNumUnsupportedMethods: () => count(({ unsupportedMethods }) => unsupportedMethods),
      sipCommonOtherStatsOtherwiseDiscardedMsgs: () => count(({ discarded }) => discarded),
      sipCommonOtherStatsDisconTime: started,
    },
  })
  const address = serve(sipServerCfgTable)
  const hostAddress = addressOctets(view.listen[0]?.address ?? '0.0.0.0') ?? new Uint8Array(4)
  address.table.put({
    applIndex,
    sipServerCfgHostAddressType: hostAddress.length === 16 ? 'ipv6' : 'ipv4',
    sipServerCfgHostAddress: hostAddress,
  })
  const registrar = serve(sipServerRegCfgTable, {
    live: {
      sipServerRegMaxContactExpiryDuration: () => view.limits().maxExpiresSeconds,
      sipServerRegMaxUsers: () => view.limits().users,
      sipServerRegCurrentUsers: () => view.registeredUsers(),
      sipServerRegDfltRegActiveInterval: () => view.limits().defaultExpiresSeconds,
    },
  })
  const share = serve(castellanSipRegistrarTable, {
    live: { castellanSipRegistrarUsersPercent: () => percentOf(view.registeredUsers(), view.limits().users) },
  })
  const registrations = serve(sipServerRegStatsTable, {
    live: {
      sipServerRegStatsAcceptedRegs: () => count(({ acceptedRegistrations }) => acceptedRegistrations),
      sipServerRegStatsRejectedRegs: () => count(({ rejectedRegistrations }) => rejectedRegistrations),
      sipServerRegStatsDisconTime: started,
    },
  })
  for (const { table } of [summary, transactions, others, registrar, share, registrations])
    (table as typeof summary.table).put({ applIndex })

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
      tables: [configuration, ports, methods, summary, byMethod, byStatus, transactions, others].map(anyServing),
    },
    {
      name: 'sip-server',
      description: 'SIP-SERVER-MIB: the registrar of sipd (RFC 4780)',
      oid: oid('1.3.6.1.2.1.151'),
      tables: [address, registrar, registrations].map(anyServing),
    },
    {
      name: 'castellan-sip',
      description: 'CASTELLAN-SIP-MIB: how full the registrar and the memory of sipd are',
      oid: oid('1.3.6.1.4.1.32473.12.151'),
      tables: [
        anyServing(share),
        ...memoryTables(applIndex, view.memory, (holding) => count(({ noRoom }) => noRoom[holding])),
        storageTable(view.storage),
      ],
    },
  ]
}

/** Rounded down, so that 100 is full; a lowered limit may be exceeded. */
function percentOf(count: number, most: number): number {
  return Math.min(100, Math.floor((100 * count) / most))
}

/** Of which there were requests. */
function methodsOf({ methods }: SipCounters): string[] {
  return Object.entries(methods).flatMap(([name, { requestsIn, requestsOut }]) =>
    requestsIn + requestsOut > 0 ? [name] : [],
  )
}
