/** Where a request is sent for a target that leads somewhere by its name alone: static routes, domain routes and the like. */
import { type Answer, hasToTag } from '../message/respond.ts'
import type { Target } from '../proxy/targets.ts'
import { firstKnown, type Known } from './first-known.ts'
import type { RoutedRequest } from './request.ts'
import type { Step, Verdict } from './step.ts'

/** The target by each of its routes, the best first; or the answer to who asks for a target that must not be reached. */
export type Ways = readonly Target[] | Answer

export interface RouteSource {
  /** Undefined when there is no route for it. */
  waysOf(target: Target, routed: RoutedRequest): Known<Ways>
}

/** Whether a user of ours that nobody registered exists all the same, as subscribers do. */
export type KnowsUser = (routed: RoutedRequest) => boolean

/**
 * The sources are asked in their order, for each target that nobody registered. Without a route a target goes to its own host, and
 * one that only a route could lead to goes nowhere: 404, or 480 for a user that is known.
 */
export function nextHop(sources: readonly RouteSource[], knowsUser: KnowsUser = () => false): Step<RoutedRequest> {
  return (routed) => {
    const { targets } = routed
    if (targets === undefined || !targets.some(isRouted)) return 'goOn'
    const asked = isBypassed(routed) ? [] : sources
    const ways = targets.map((target) =>
      isRouted(target) ? firstKnown(asked, (source) => source.waysOf(target, routed)) : undefined,
    )
    const missing = (): Answer => ({ status: knowsUser(routed) ? 480 : 404 })
    return areHere(ways) ? take(routed, targets, ways, missing) : takeLater(routed, targets, ways, missing)
  }
}

/** The same for contacts of a 3xx, which cannot wait: a source that has no way at hand is passed over. */
export function routedNow(
  sources: readonly RouteSource[],
  targets: readonly Target[],
  routed: RoutedRequest,
): Target[] {
  return targets.flatMap((target) => {
    const ways = isRouted(target) ? firstKnown(sources, (source) => source.waysOf(target, routed)) : undefined
    return applied(target, ways instanceof Promise ? undefined : ways)
  })
}

function isRouted({ origin, needsRoute }: Target): boolean {
  return needsRoute === true || origin === 'asked'
}

/** The manual: a Route header that leads on bypasses this step, and so does one that a dialog has learnt. */
function isBypassed({ routing, request }: RoutedRequest): boolean {
  return routing.routes.length > 0 || (routing.areRoutesChanged && hasToTag(request))
}

function areHere(ways: readonly Known<Ways>[]): ways is (Ways | undefined)[] {
  return !ways.some((way) => way instanceof Promise)
}

async function takeLater(
  routed: RoutedRequest,
  targets: readonly Target[],
  ways: readonly Known<Ways>[],
  missing: () => Answer,
): Promise<Verdict> {
  return take(routed, targets, await Promise.all(ways), missing)
}

function take(
  routed: RoutedRequest,
  targets: readonly Target[],
  ways: readonly (Ways | undefined)[],
  missing: () => Answer,
): Verdict {
  const found = targets.flatMap((target, i) => applied(target, ways[i]))
  routed.targets = found
  if (found.length > 0) return 'goOn'
  return ways.find((way) => way !== undefined && 'status' in way) ?? missing()
}

/** A target as it is tried: by the first of its ways, with the others behind it. */
function applied(target: Target, ways: Ways | undefined): Target[] {
  if (ways === undefined) return target.needsRoute ? [] : [target]
  if ('status' in ways) return []
  const [first, ...others] = ways
  if (!first) return []
  return [others.length > 0 ? { ...first, otherRoutes: others } : first]
}
