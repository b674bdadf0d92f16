/** What all workers counted, those that have ended included, and what they have at this moment. */
import type { StorageFigures } from '../../lib/files/storage.ts'
import type { BudgetFigures } from '../account/account.ts'
import type { Snapshot } from '../log/snapshot.ts'
import { addCounters, type Counters, noCounters, type TotalName, totalNames } from '../statistics/counters.ts'
import type { WorkerReport } from '../worker/protocol.ts'

export interface MemoryTotals {
  readonly registrations: BudgetFigures & { readonly percent: number }
  readonly traffic: BudgetFigures & { readonly percent: number }
  /** Octets, by the name of the holding. */
  readonly holdings: Readonly<Record<string, number>>
}

/** A worker, as far as it reported yet. */
interface Reporting {
  readonly report: WorkerReport | undefined
}

export class Totals {
  readonly #ended: Counters = noCounters()
  readonly #latest: () => readonly Reporting[]
  lastInboundMs: number | undefined
  lastOutboundMs: number | undefined

  constructor(workers: () => readonly Reporting[]) {
    this.#latest = workers
  }

  reported({ report }: Reporting): void {
    if (!report) return
    this.lastInboundMs = later(this.lastInboundMs, report.lastInboundMs)
    this.lastOutboundMs = later(this.lastOutboundMs, report.lastOutboundMs)
  }

  ended({ report }: Reporting): void {
    if (report) addCounters(this.#ended, report.counters)
  }

  counters(): Counters {
    const sum = noCounters()
    addCounters(sum, this.#ended)
    for (const { report } of this.#latest()) if (report) addCounters(sum, report.counters)
    return sum
  }

  /** Over all workers; registrations are the same in each, so the most is what there is. */
  gauges(): { transactions: number; held: number; connections: number; users: number; bindings: number } {
    const reports = this.#latest().flatMap(({ report }) => (report ? [report] : []))
    const sum = (of: (report: WorkerReport) => number): number => reports.reduce((all, one) => all + of(one), 0)
    const most = (of: (report: WorkerReport) => number): number =>
      reports.reduce((all, one) => Math.max(all, of(one)), 0)
    return {
      transactions: sum(({ liveTransactions }) => liveTransactions),
      held: sum(({ heldTransactions }) => heldTransactions),
      connections: sum(({ connections }) => connections),
      users: most(({ users }) => users),
      bindings: most(({ bindings }) => bindings),
    }
  }

  /** Over all workers; each has a part of the bound on traffic, and the fullest says how full it is. */
  memory(): MemoryTotals {
    const accounts = this.#latest().flatMap(({ report }) => (report ? [report.account] : []))
    const holdings: Record<string, number> = {}
    for (const account of accounts)
      for (const [name, octets] of Object.entries(account.holdings))
        holdings[name] =
          name === 'registrations' ? Math.max(holdings[name] ?? 0, octets) : (holdings[name] ?? 0) + octets
    const traffic = accounts.map((account) => account.traffic)
    const sum = (of: (one: BudgetFigures) => number): number => traffic.reduce((all, one) => all + of(one), 0)
    const registrations = accounts.map((account) => account.registrations)
    return {
      registrations: {
        octets: holdings.registrations ?? 0,
        bound: registrations[0]?.bound ?? 0,
        percent: fullest(registrations),
      },
      traffic: { octets: sum(({ octets }) => octets), bound: sum(({ bound }) => bound), percent: fullest(traffic) },
      holdings,
    }
  }

  /** Over all workers and the parent itself, whose figures are given. Files of the workers are the same. */
  storage(own: StorageFigures): StorageFigures {
    const all = [own, ...this.#latest().flatMap(({ report }) => (report ? [report.storage] : []))]
    const ofWorkers = all.slice(1).map(({ unkept }) => unkept)
    return {
      failures: own.failures + this.counters().failedWrites,
      unkept: own.unkept + Math.max(0, ...ofWorkers),
      reason: all.find(({ reason }) => reason !== '')?.reason ?? '',
    }
  }

  /** For stats_log: in its words, responses by class. */
  snapshot(): Snapshot {
    const { transactions, held, connections, users, bindings } = this.gauges()
    return {
      counters: labelled(this.counters()),
      gauges: {
        'transactions under way': transactions,
        'transactions held': held,
        connections,
        'registered users': users,
        bindings,
        ...Object.fromEntries(
          Object.entries(this.memory().holdings).map(([name, octets]) => [`octets held.${name}`, octets]),
        ),
      },
    }
  }
}

/** Rounded down, so that 100 is full. */
function fullest(budgets: readonly BudgetFigures[]): number {
  return Math.min(
    100,
    budgets.reduce((most, { octets, bound }) => Math.max(most, Math.floor((100 * octets) / bound)), 0),
  )
}

/** The counters in the words of stats_log: responses by class, and without what never happened. */
function labelled(counted: Counters): Record<string, number> {
  const labels: Record<string, number> = {}
  const add = (label: string, count: number): void => {
    if (count > 0) labels[label] = (labels[label] ?? 0) + count
  }
  for (const [method, { requestsIn, requestsOut, responsesIn, responsesOut }] of Object.entries(counted.methods)) {
    add(`requests received.${method}`, requestsIn)
    add(`requests sent.${method}`, requestsOut)
    for (const [status, count] of Object.entries(responsesIn)) add(`responses received.${status[0]}xx`, count)
    for (const [status, count] of Object.entries(responsesOut)) add(`responses sent.${status[0]}xx`, count)
  }
  for (const name of totalNames) add(`server.${plainWords(name)}`, counted[name])
  for (const [holding, count] of Object.entries(counted.noRoom)) add(`refused for memory.${holding}`, count)
  return labels
}

/** `acceptedRegistrations` as `accepted registrations`. */
function plainWords(name: TotalName): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}

function later(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined ? other : other === undefined ? one : Math.max(one, other)
}
