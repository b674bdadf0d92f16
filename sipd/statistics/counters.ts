/** What sipd counted, of one process or of several added up; RFC 4780 is where the names come from. */

/** What is counted neither by method nor by holding. */
export const totalNames = [
  /** Server transactions begun. */
  'transactions',
  'retransmissionsIn',
  'retransmissionsOut',
  'unsupportedUris',
  'unsupportedMethods',
  /** What was answered with 400, 414 or 505 for its form. */
  'malformed',
  /** What was answered with silence: no message, or a response that belongs to nothing. */
  'discarded',
  /** Of these the responses: each has its line in the error log. */
  'droppedResponses',
  /** Requests refused since too many transactions were under way. */
  'refusedBusy',
  /** Requests of an address that sent too many. */
  'refusedFlood',
  'acceptedRegistrations',
  'rejectedRegistrations',
  'callsAnswered',
  'callsFailed',
  /** Octets that could not be sent: a stalled connection, an unreachable address. */
  'sendErrors',
  'failedWrites',
] as const
export type TotalName = (typeof totalNames)[number]

/** By status. */
export type StatusCounts = Record<number, number>

export interface MethodCounts {
  requestsIn: number
  requestsOut: number
  readonly responsesIn: StatusCounts
  readonly responsesOut: StatusCounts
}

export interface Counters extends Record<TotalName, number> {
  readonly methods: Record<string, MethodCounts>
  /** How often there was no room, by holding. */
  readonly noRoom: Record<string, number>
}

export function noCounters(): Counters {
  return {
    methods: {},
    transactions: 0,
    retransmissionsIn: 0,
    retransmissionsOut: 0,
    unsupportedUris: 0,
    unsupportedMethods: 0,
    malformed: 0,
    discarded: 0,
    droppedResponses: 0,
    refusedBusy: 0,
    refusedFlood: 0,
    acceptedRegistrations: 0,
    rejectedRegistrations: 0,
    callsAnswered: 0,
    callsFailed: 0,
    sendErrors: 0,
    noRoom: {},
    failedWrites: 0,
  }
}

export function noMethodCounts(): MethodCounts {
  return { requestsIn: 0, requestsOut: 0, responsesIn: {}, responsesOut: {} }
}

/** Adds the counters of one process to those of others. */
export function addCounters(sum: Counters, more: Counters): void {
  for (const name of totalNames) sum[name] += more[name]
  addEach(sum.noRoom, more.noRoom)
  for (const [method, counts] of Object.entries(more.methods)) {
    sum.methods[method] ??= noMethodCounts()
    const into = sum.methods[method]
    into.requestsIn += counts.requestsIn
    into.requestsOut += counts.requestsOut
    addEach(into.responsesIn, counts.responsesIn)
    addEach(into.responsesOut, counts.responsesOut)
  }
}

/** Of all methods. */
export function requestsIn({ methods }: Counters): number {
  return Object.values(methods).reduce((all, counts) => all + counts.requestsIn, 0)
}

function addEach(sum: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(more)) sum[name] = (sum[name] ?? 0) + count
}
