import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Totals } from '../../sipd/parent/statistics.ts'
import { noCounters, noMethodCounts } from '../../sipd/statistics/counters.ts'
import type { WorkerReport } from '../../sipd/worker/protocol.ts'

test('a worker that ended still counts, and what it held does not', () => {
  const first = { report: reportOf({ invites: 3, transactions: 6, users: 5 }) }
  const second = { report: reportOf({ invites: 10, transactions: 1, users: 7 }) }
  const silent = { report: undefined }
  let workers = [first, second, silent]
  const totals = new Totals(() => workers)
  assert.deepEqual(totals.snapshot().counters, { 'requests received.INVITE': 13, 'responses sent.2xx': 4 })
  assert.deepEqual(pick(totals.gauges()), { transactions: 7, users: 7 }, 'each worker has all registrations')

  for (const worker of [first, silent]) totals.ended(worker)
  workers = [second]
  assert.equal(totals.snapshot().counters['requests received.INVITE'], 13)
  assert.deepEqual(pick(totals.gauges()), { transactions: 1, users: 7 })
})

test('the last message of any worker is the last of all, and the one of a worker that ended stays', () => {
  const totals = new Totals(() => [])
  assert.equal(totals.lastInboundMs, undefined)
  for (const lastInboundMs of [2000, undefined, 1000]) totals.reported({ report: reportOf({ lastInboundMs }) })
  assert.equal(totals.lastInboundMs, 2000)
})

interface Reported {
  readonly invites?: number
  readonly transactions?: number
  readonly users?: number
  readonly lastInboundMs?: number | undefined
}

function reportOf({ invites = 0, transactions = 0, users = 0, lastInboundMs }: Reported): WorkerReport {
  return {
    counters: {
      ...noCounters(),
      methods: {
        INVITE: { ...noMethodCounts(), requestsIn: invites, responsesOut: { 200: 1 } },
        OPTIONS: { ...noMethodCounts(), responsesOut: { 202: 1 } },
      },
    },
    lastInboundMs,
    lastOutboundMs: undefined,
    liveTransactions: transactions,
    heldTransactions: 0,
    users,
    bindings: users,
    calls: 0,
    connections: 0,
    rssOctets: 0,
    heapUsedOctets: 0,
    heapTotalOctets: 0,
    externalOctets: 0,
    storage: { failures: 0, unkept: 0, reason: '' },
    account: { registrations: { octets: 0, bound: 1 }, traffic: { octets: 0, bound: 1 }, holdings: {} },
  }
}

function pick({ transactions, users }: ReturnType<Totals['gauges']>): { transactions: number; users: number } {
  return { transactions, users }
}
