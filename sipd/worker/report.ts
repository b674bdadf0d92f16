/** What a worker tells its parent of itself, every second. */

import type { Storage } from '../../lib/files/storage.ts'
import { memoryUse } from '../../lib/proc/memory.ts'
import type { Account } from '../account/account.ts'
import type { LocationStore } from '../location/store.ts'
import type { SipServer } from '../server/server.ts'
import type { SipStatistics } from '../statistics/statistics.ts'
import type { Connections } from '../transport/connections.ts'
import type { WorkerReport } from './protocol.ts'

export interface Reported {
  readonly server: SipServer
  readonly store: LocationStore
  readonly connections: Pick<Connections, 'size'>
  readonly statistics: SipStatistics
  readonly account: Account
  readonly storage: Storage
}

export function workerReport({ server, store, connections, statistics, account, storage }: Reported): WorkerReport {
  const { layer, held, calls } = server
  const { rss, heapUsed, heapTotal, external } = memoryUse()
  return {
    counters: {
      ...statistics.counters(),
      noRoom: account.refused(),
      failedWrites: storage.figures.failures,
    },
    lastInboundMs: statistics.lastInboundMs,
    lastOutboundMs: statistics.lastOutboundMs,
    liveTransactions: layer.live,
    heldTransactions: held.size,
    users: store.users,
    bindings: store.bindings,
    calls: calls?.size ?? null,
    connections: connections.size,
    rssOctets: rss,
    heapUsedOctets: heapUsed,
    heapTotalOctets: heapTotal,
    externalOctets: external,
    account: account.figures(),
    storage: storage.figures,
  }
}
