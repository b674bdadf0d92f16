/** Which static routes a request takes: those of the longest match, and of less specific ones where sipd.conf lets them be tried. */
import { weightedOrder } from '../../lib/net/weighted-order.ts'
import type { SipUri } from '../message/uri.ts'
import { withoutTechPrefix } from '../numbers/number-plan.ts'
import { randomOf } from './random-of.ts'
import type { Route } from './route.ts'
import { type RouteGroup, RouteTable } from './route-table.ts'

export interface RouterSettings {
  /** Cisco_Routing. */
  readonly isOn: boolean
  /** Cisco_Routing_Use_Domain_Routing. */
  readonly usesDomains: boolean
  /** Cisco_Routing_Global_Less_Specific_Route_Search. */
  readonly searchesLessSpecific: boolean
  /** AllowSipTlsConversionToSip: a sips: request may take a route of UDP or TCP. */
  readonly allowsSipsToSip: boolean
}

export const routerOff: RouterSettings = {
  isOn: false,
  usesDomains: false,
  searchesLessSpecific: false,
  allowsSipsToSip: false,
}

/** `blocked` by a route; else the routes to try one after the other, one at least. */
export type RouteChoice = { readonly blockedBy: Route } | readonly Route[]

export interface RouteRequest {
  readonly isSips: boolean
  /** Of the call: the same one gives the same order of routes of equal priority. */
  readonly callId: string
}

/** One request is tried at so many next hops at most. */
const mostWays = 10

export class Router {
  readonly settings: RouterSettings
  /** As the file has them. */
  table = new RouteTable()

  constructor(settings: RouterSettings) {
    this.settings = settings
  }

  /** Undefined when no route in service matches. The number is expanded, and has no visual separators. */
  routesOfNumber(number: string, request: RouteRequest): RouteChoice | undefined {
    if (!this.settings.isOn) return undefined
    return this.#choose(this.groupsOfNumber(number), request)
  }

  /** What is dialled behind a technology prefix is a number as well, where no pattern has the prefix. */
  groupsOfNumber(number: string): readonly RouteGroup[] {
    const groups = this.table.ofNumber(number)
    const rest = groups.length === 0 ? withoutTechPrefix(number) : undefined
    return rest === undefined ? groups : this.table.ofNumber(rest)
  }

  routesOfDomain(host: string, request: RouteRequest): RouteChoice | undefined {
    const { isOn, usesDomains } = this.settings
    return isOn && usesDomains ? this.#choose(this.table.ofDomain(host), request) : undefined
  }

  #choose(groups: readonly RouteGroup[], request: RouteRequest): RouteChoice | undefined {
    const ways: Route[] = []
    let random: (() => number) | undefined
    for (const { routes } of groups) {
      const inService = routes.filter(({ isInService }) => isInService)
      const blockedBy = inService.find(({ isBlocked }) => isBlocked)
      if (blockedBy && ways.length === 0) return { blockedBy }
      if (blockedBy) break
      const usable = inService.filter((route) => this.#isFor(route, request))
      if (usable.length === 0) continue
      random ??= usable.length > 1 ? randomOf(request.callId) : undefined
      ways.push(...(random ? weightedOrder(usable, random) : usable))
      if (!this.settings.searchesLessSpecific || ways.length >= mostWays) break
      if (!usable.every(({ allowsLessSpecific }) => allowsLessSpecific)) break
    }
    return ways.length === 0 ? undefined : ways.slice(0, mostWays)
  }

  /** RFC 3261 §26.2.2: a sips: request goes over TLS, unless sipd.conf lets it end elsewhere. */
  #isFor({ transport }: Route, { isSips }: RouteRequest): boolean {
    return !isSips || transport === undefined || transport === 'TLS' || this.settings.allowsSipsToSip
  }
}

/** The next hop of a route as a URI, for who looks for its address. */
export function hopOf({ nextHop, nextHopPort, transport }: Route, isSips: boolean): SipUri {
  return {
    scheme: isSips && transport === undefined ? 'sips' : 'sip',
    user: undefined,
    host: nextHop,
    port: nextHopPort === 0 ? undefined : nextHopPort,
    parameters: transport === undefined ? noParameters : new Map([['transport', transport.toLowerCase()]]),
  }
}

const noParameters: ReadonlyMap<string, string> = new Map()
