/** What sipd counted, as its MIB modules show it. */

export interface SipMethodCounts {
  readonly requestsIn: number
  readonly requestsOut: number
  /** By status. */
  readonly responsesIn: Readonly<Record<number, number>>
  readonly responsesOut: Readonly<Record<number, number>>
}

export interface SipCounts {
  readonly methods: Readonly<Record<string, SipMethodCounts>>
  readonly transactions: number
  readonly unsupportedUris: number
  readonly unsupportedMethods: number
  readonly discarded: number
  readonly acceptedRegistrations: number
  readonly rejectedRegistrations: number
  /** How often there was no room, by holding. */
  readonly noRoom: Readonly<Record<string, number>>
}

type Requests = 'requestsIn' | 'requestsOut'
type Responses = 'responsesIn' | 'responsesOut'

/** Requests of all methods. */
export function allRequests({ methods }: SipCounts, direction: Requests): number {
  return Object.values(methods).reduce((all, counts) => all + counts[direction], 0)
}

/** Responses of all methods, whatever their status. */
export function allResponses({ methods }: SipCounts, direction: Responses): number {
  return Object.values(methods)
    .flatMap((counts) => Object.values(counts[direction]))
    .reduce((all, count) => all + count, 0)
}
