/** SIP-COMMON-MIB (RFC 4780): how sipd is configured, and what it received and answered. */
import { anyServing, type MibModule, serve } from '../../lib/mib/module.ts'
import { SingleRow } from '../../lib/mib/single-row.ts'
import { oid } from '../../lib/smi/oid.ts'
import { applIndex } from './application.ts'
import type { SipCounters } from './counters.ts'
import { allRequests, allResponses } from './counts.ts'
import type { MasterTime } from './master-time.ts'
import {
  sipCommonCfgTable,
  sipCommonMethodStatsTable,
  sipCommonMethodSupportedTable,
  sipCommonOtherStatsTable,
  sipCommonPortTable,
  sipCommonStatusCodeTable,
  sipCommonSummaryStatsTable,
  sipCommonTransCurrentTable,
} from './mib.ts'
import type { SipView } from './view.ts'

/** Counted from the start, for the shipped triggers: a row that appears with the first response has no growth to show. */
const watchedStatusCodes = [500, 503, 504]
/** As often as the tables of methods are looked at for new ones. */
const refreshEveryMs = 1000

export function sipCommonModule(view: SipView, counters: SipCounters, time: MasterTime): MibModule {
  return {
    name: 'sip-common',
    description: 'SIP-COMMON-MIB: what sipd received and answered (RFC 4780)',
    oid: oid('1.3.6.1.2.1.149'),
    tables: [
      configuration(view, time),
      ports(view),
      supportedMethods(view),
      summary(counters, time),
      byMethod(view, counters, time),
      byStatusCode(counters, time),
      currentTransactions(view),
      others(counters, time),
    ].map(anyServing),
  }
}

function configuration(view: SipView, time: MasterTime) {
  const server = view.isRedirectServer ? 'redirectServer' : 'proxyServer'
  return new SingleRow(
    sipCommonCfgTable,
    {
      applIndex,
      sipCommonCfgProtocolVersion: 'SIP/2.0',
      sipCommonCfgOrganization: '',
      sipCommonCfgEntityType: new Set(['registrarServer', server] as const),
    },
    {
      live: {
        sipCommonCfgServiceOperStatus: () => view.state(),
        sipCommonCfgServiceStartTime: () => time.startedTicks,
        sipCommonCfgServiceLastChange: () => time.startedTicks,
        sipCommonCfgMaxTransactions: () => view.limits().transactions,
      },
    },
  )
}

function ports({ listen, tlsPort }: SipView) {
  const served = serve(sipCommonPortTable)
  const put = (sipCommonPort: number, transports: readonly ('udp' | 'tcp' | 'tlsTcp')[]): void =>
    served.table.put({ applIndex, sipCommonPort, sipCommonPortTransportRcv: new Set(transports) })
  for (const { port, transports } of listen) put(port, transports)
  if (tlsPort !== undefined) put(tlsPort, ['tlsTcp'])
  return served
}

function supportedMethods({ methods }: SipView) {
  const served = serve(sipCommonMethodSupportedTable)
  for (const [i, name] of methods.entries())
    served.table.put({ applIndex, sipCommonMethodSupportedIndex: i + 1, sipCommonMethodSupportedName: name })
  return served
}

function summary(counters: SipCounters, time: MasterTime) {
  return new SingleRow(
    sipCommonSummaryStatsTable,
    { applIndex },
    {
      live: {
        sipCommonSummaryInRequests: () => counters.count((all) => allRequests(all, 'requestsIn')),
        sipCommonSummaryOutRequests: () => counters.count((all) => allRequests(all, 'requestsOut')),
        sipCommonSummaryInResponses: () => counters.count((all) => allResponses(all, 'responsesIn')),
        sipCommonSummaryOutResponses: () => counters.count((all) => allResponses(all, 'responsesOut')),
        sipCommonSummaryTotalTransactions: () => counters.count(({ transactions }) => transactions),
        sipCommonSummaryDisconTime: () => time.startedTicks,
      },
    },
  )
}

function byMethod(view: SipView, counters: SipCounters, time: MasterTime) {
  return serve(sipCommonMethodStatsTable, {
    live: {
      sipCommonMethodStatsOutbounds: (row) =>
        counters.count(({ methods }) => methods[row.sipCommonMethodStatsName]?.requestsOut),
      sipCommonMethodStatsInbounds: (row) =>
        counters.count(({ methods }) => methods[row.sipCommonMethodStatsName]?.requestsIn),
      sipCommonMethodStatsDisconTime: () => time.startedTicks,
    },
    generate: {
      everyMs: refreshEveryMs,
      *rows() {
        for (const sipCommonMethodStatsName of new Set([...view.methods, ...counters.methods]))
          yield { applIndex, sipCommonMethodStatsName }
      },
    },
  })
}

function byStatusCode(counters: SipCounters, time: MasterTime) {
  const served = serve(sipCommonStatusCodeTable, {
    live: {
      sipCommonStatusCodeIns: ({ sipCommonStatusCodeMethod: method, sipCommonStatusCodeValue: code }) =>
        counters.count(({ methods }) => methods[method]?.responsesIn[code]),
      sipCommonStatusCodeOuts: ({ sipCommonStatusCodeMethod: method, sipCommonStatusCodeValue: code }) =>
        counters.count(({ methods }) => methods[method]?.responsesOut[code]),
      sipCommonStatusCodeDisconTime: () => time.startedTicks,
    },
    // RFC 4780, sipCommonStatusCodeRowStatus: only createAndGo and destroy, for this one application.
    test: ({ before, after, changes: { sipCommonStatusCodeRowStatus: status } }) => {
      if ((after ?? before)?.applIndex !== applIndex) return 'noCreation'
      return status === 'createAndGo' || status === 'destroy' || status === 'active' ? undefined : 'inconsistentValue'
    },
  })
  for (const sipCommonStatusCodeValue of watchedStatusCodes)
    served.table.put({
      applIndex,
      sipCommonStatusCodeMethod: 'INVITE',
      sipCommonStatusCodeValue,
      sipCommonStatusCodeRowStatus: 'active',
    })
  return served
}

function currentTransactions(view: SipView) {
  return new SingleRow(
    sipCommonTransCurrentTable,
    { applIndex },
    { live: { sipCommonTransCurrentactions: () => view.currentTransactions() } },
  )
}

function others(counters: SipCounters, time: MasterTime) {
  return new SingleRow(
    sipCommonOtherStatsTable,
    { applIndex },
    {
      live: {
        sipCommonOtherStatsNumUnsupportedUris: () => counters.count(({ unsupportedUris }) => unsupportedUris),
        sipCommonOtherStatsNumUnsupportedMethods: () => counters.count(({ unsupportedMethods }) => unsupportedMethods),
        sipCommonOtherStatsOtherwiseDiscardedMsgs: () => counters.count(({ discarded }) => discarded),
        sipCommonOtherStatsDisconTime: () => time.startedTicks,
      },
    },
  )
}
