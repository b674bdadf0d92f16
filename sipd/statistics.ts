/** What sipd counts, by method and status; RFC 4780 is where the names come from. Counters start with the process. */
import type { Clock } from '../lib/clock.ts'

/** Methods beyond these are counted together: their names come from the network, and must not fill the memory. */
const knownMethods = new Set([
  ...['ACK', 'BYE', 'CANCEL', 'INFO', 'INVITE', 'MESSAGE', 'NOTIFY', 'OPTIONS', 'PRACK', 'PUBLISH', 'REFER'],
  ...['REGISTER', 'SUBSCRIBE', 'UPDATE'],
])
const otherMethod = 'other'

export class SipStatistics {
  readonly #clock: Clock
  readonly inboundByMethod = new Map<string, number>()
  /** Responses sent, by method and status: `REGISTER 200`. */
  readonly sentByStatus = new Map<string, number>()
  inRequests = 0
  inResponses = 0
  outResponses = 0
  transactions = 0
  unsupportedUris = 0
  unsupportedMethods = 0
  discarded = 0
  acceptedRegistrations = 0
  rejectedRegistrations = 0
  lastInboundMs: number | undefined
  lastOutboundMs: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  received(method: string): void {
    this.inRequests++
    this.lastInboundMs = this.#clock.monotonicMs()
    add(this.inboundByMethod, methodName(method))
  }

  sent(method: string, status: number): void {
    this.outResponses++
    this.lastOutboundMs = this.#clock.monotonicMs()
    add(this.sentByStatus, `${methodName(method)} ${status}`)
  }

  /** A request of its own, which is no retransmission, was decided. */
  decided(method: string, status: number): void {
    this.transactions++
    if (status === 416) this.unsupportedUris++
    if (status === 405 || status === 501) this.unsupportedMethods++
    if (method !== 'REGISTER') return
    if (status < 300) this.acceptedRegistrations++
    else this.rejectedRegistrations++
  }
}

function methodName(method: string): string {
  return knownMethods.has(method) ? method : otherMethod
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
