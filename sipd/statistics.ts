/** What sipd counts, by method and status; RFC 4780 is where the names come from. Counters start with the process. */
import type { Clock } from '../lib/time/clock.ts'

/** Methods beyond these are counted together: their names come from the network, and must not fill the memory. */
const knownMethods = new Set([
  ...['ACK', 'BYE', 'CANCEL', 'INFO', 'INVITE', 'MESSAGE', 'NOTIFY', 'OPTIONS', 'PRACK', 'PUBLISH', 'REFER'],
  ...['REGISTER', 'SUBSCRIBE', 'UPDATE'],
])
const otherMethod = 'other'

class MethodCounts {
  requestsIn = 0
  requestsOut = 0
  readonly responsesIn = new Map<number, number>()
  readonly responsesOut = new Map<number, number>()
}

/** Plain numbers under names such as `requestsIn.INVITE` and `responsesOut.INVITE.200`, for adding up over processes. */
export type Counters = Record<string, number>

export class SipStatistics {
  readonly #clock: Clock
  readonly #methods = new Map<string, MethodCounts>()
  /** Server transactions begun. */
  transactions = 0
  retransmissionsIn = 0
  retransmissionsOut = 0
  unsupportedUris = 0
  unsupportedMethods = 0
  /** What was answered with 400, 414 or 505 for its form. */
  malformed = 0
  /** What was answered with silence: no message, or a response that belongs to nothing. */
  discarded = 0
  /** Requests refused since too many transactions were under way. */
  refusedBusy = 0
  /** Requests of an address that sent too many. */
  refusedFlood = 0
  acceptedRegistrations = 0
  rejectedRegistrations = 0
  callsAnswered = 0
  callsFailed = 0
  /** Octets that could not be sent: a stalled connection, an unreachable address. */
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
    responsesIn.set(status, (responsesIn.get(status) ?? 0) + 1)
  }

  responseOut(method: string, status: number): void {
    const { responsesOut } = this.#of(method)
    responsesOut.set(status, (responsesOut.get(status) ?? 0) + 1)
  }

  /** All that was counted; what is zero is left out. */
  counters(): Counters {
    const counters: Counters = {}
    for (const [method, counts] of this.#methods) {
      if (counts.requestsIn > 0) counters[`requestsIn.${method}`] = counts.requestsIn
      if (counts.requestsOut > 0) counters[`requestsOut.${method}`] = counts.requestsOut
      for (const [status, count] of counts.responsesIn) counters[`responsesIn.${method}.${status}`] = count
      for (const [status, count] of counts.responsesOut) counters[`responsesOut.${method}.${status}`] = count
    }
    for (const name of plainCounters) if (this[name] > 0) counters[name] = this[name]
    return counters
  }

  #of(method: string): MethodCounts {
    const name = knownMethods.has(method) ? method : otherMethod
    let counts = this.#methods.get(name)
    if (!counts) {
      counts = new MethodCounts()
      this.#methods.set(name, counts)
    }
    return counts
  }
}

const plainCounters = [
  'transactions',
  'retransmissionsIn',
  'retransmissionsOut',
  'unsupportedUris',
  'unsupportedMethods',
  'malformed',
  'discarded',
  'refusedBusy',
  'refusedFlood',
  'acceptedRegistrations',
  'rejectedRegistrations',
  'callsAnswered',
  'callsFailed',
  'sendErrors',
] as const

/** Adds the counters of one process to those of others. */
export function addCounters(sum: Counters, more: Counters): void {
  for (const [name, value] of Object.entries(more)) sum[name] = (sum[name] ?? 0) + value
}
