/** What one process of sipd counts, by method and status. Counters start with the process. */
import type { Clock } from '../../lib/time/clock.ts'
import { type Counters, type MethodCounts, noCounters, noMethodCounts, type TotalName, totalNames } from './counters.ts'

/** Methods beyond these are counted together: their names come from the network, and must not fill the memory. */
const knownMethods = new Set([
  ...['ACK', 'BYE', 'CANCEL', 'INFO', 'INVITE', 'MESSAGE', 'NOTIFY', 'OPTIONS', 'PRACK', 'PUBLISH', 'REFER'],
  ...['REGISTER', 'SUBSCRIBE', 'UPDATE'],
])
const otherMethod = 'other'

/** Counters of the server, each in a field of its own; writes that failed are counted by who writes. */
type OwnTotal = Exclude<TotalName, 'failedWrites'>
const ownTotals = totalNames.filter((name): name is OwnTotal => name !== 'failedWrites')

export class SipStatistics implements Record<OwnTotal, number> {
  readonly #clock: Clock
  readonly #methods = new Map<string, MethodCounts>()
  transactions = 0
  retransmissionsIn = 0
  retransmissionsOut = 0
  unsupportedUris = 0
  unsupportedMethods = 0
  malformed = 0
  discarded = 0
  droppedResponses = 0
  refusedBusy = 0
  refusedFlood = 0
  acceptedRegistrations = 0
  rejectedRegistrations = 0
  callsAnswered = 0
  callsFailed = 0
  sendErrors = 0
  lastInboundMs: number | undefined
  lastOutboundMs: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  requestIn(method: string): void {
    this.lastInboundMs = this.#clock.now()
    this.#of(method).requestsIn++
  }

  requestOut(method: string): void {
    this.lastOutboundMs = this.#clock.now()
    this.#of(method).requestsOut++
  }

  responseIn(method: string, status: number): void {
    const { responsesIn } = this.#of(method)
    responsesIn[status] = (responsesIn[status] ?? 0) + 1
  }

  responseOut(method: string, status: number): void {
    const { responsesOut } = this.#of(method)
    responsesOut[status] = (responsesOut[status] ?? 0) + 1
  }

  /** All that was counted, as it is at this moment. What others count is zero in it. */
  counters(): Counters {
    const counters = noCounters()
    for (const name of ownTotals) counters[name] = this[name]
    for (const [method, { requestsIn, requestsOut, responsesIn, responsesOut }] of this.#methods)
      counters.methods[method] = {
        requestsIn,
        requestsOut,
        responsesIn: { ...responsesIn },
        responsesOut: { ...responsesOut },
      }
    return counters
  }

  #of(method: string): MethodCounts {
    const name = knownMethods.has(method) ? method : otherMethod
    let counts = this.#methods.get(name)
    if (!counts) {
      counts = noMethodCounts()
      this.#methods.set(name, counts)
    }
    return counts
  }
}
