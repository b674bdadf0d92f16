/** Where a request is sent for a target that leads somewhere by its name alone: static routes, domain routes and the like. */
import type { SipUri } from '../message/uri.ts'
import type { Target } from '../proxy/targets.ts'
import { firstKnown, type Known } from './first-known.ts'
import type { RoutedRequest } from './request.ts'
import type { Step, Verdict } from './step.ts'

export interface RouteSource {
  /** The hop that stands in for the host of the target; undefined when there is no route for it. */
  nextHopOf(target: Target, routed: RoutedRequest): Known<SipUri>
}

/** The sources are asked in their order, for each target that nobody registered; without a route it goes to its own host. */
export function nextHop(sources: readonly RouteSource[]): Step<RoutedRequest> {
  return (routed) => {
    const { targets } = routed
    if (sources.length === 0 || targets === undefined) return 'goOn'
    const routes = targets.map((target) =>
      target.origin === 'asked' ? firstKnown(sources, (source) => source.nextHopOf(target, routed)) : undefined,
    )
    return areHere(routes) ? take(routed, targets, routes) : takeLater(routed, targets, routes)
  }
}

function areHere(routes: readonly Known<SipUri>[]): routes is (SipUri | undefined)[] {
  return !routes.some((route) => route instanceof Promise)
}

async function takeLater(
  routed: RoutedRequest,
  targets: readonly Target[],
  routes: readonly Known<SipUri>[],
): Promise<Verdict> {
  return take(routed, targets, await Promise.all(routes))
}

function take(routed: RoutedRequest, targets: readonly Target[], routes: readonly (SipUri | undefined)[]): Verdict {
  routed.targets = targets.map((target, i) => (routes[i] ? { ...target, route: routes[i] } : target))
  return 'goOn'
}
