/** Static routes as a source of next hops: by number where the host is ours, by domain elsewhere. */
import type { DebugChannel } from '../log/error-log.ts'
import { escapedUri } from '../message/uri.ts'
import { withoutTechPrefix } from '../numbers/number-plan.ts'
import type { Identity } from '../proxy/identity.ts'
import type { Target } from '../proxy/targets.ts'
import type { Route } from '../routes/route.ts'
import { hopOf, type RouteChoice, type Router } from '../routes/router.ts'
import type { RouteSource } from './next-hop.ts'
import type { RoutedRequest } from './request.ts'

export interface StaticRoutesOptions {
  readonly router: Router
  readonly identity: Pick<Identity, 'numbers' | 'isOurs'>
  readonly debug: DebugChannel
}

export class StaticRoutes implements RouteSource {
  readonly #options: StaticRoutesOptions

  constructor(options: StaticRoutesOptions) {
    this.#options = options
  }

  waysOf(target: Target, routed: RoutedRequest): ReturnType<RouteSource['waysOf']> {
    const choice = this.#choose(target, routed)
    if (!choice) return undefined
    // Whoever may not leave for other domains does not leave by a route either; what sipd.conf names itself is the operator's word.
    if (!routed.passage.isUnbounded && target.origin !== 'configured')
      return target.needsRoute ? { status: 403, detail: 'the number is not for this caller to reach' } : undefined
    if ('blockedBy' in choice) return { status: 403, detail: blockedDetail(choice.blockedBy) }
    return choice.map((route) => wayBy(route, target))
  }

  #choose(target: Target, { request }: RoutedRequest): RouteChoice | undefined {
    const { router, identity, debug } = this.#options
    const { parsed } = target
    if (!parsed || !router.settings.isOn) return undefined
    const asked = { isSips: parsed.scheme === 'sips', callId: request.callId }
    if (!target.needsRoute) return router.routesOfDomain(parsed.host, asked)
    for (const { kind, user } of identity.numbers.readingsOf(parsed)) {
      const choice = kind === 'number' ? router.routesOfNumber(user, asked) : undefined
      if (kind === 'number' && debug.on)
        debug.write('static routes were looked up', { number: user, found: choice && describe(choice) })
      if (choice) return choice
    }
    return undefined
  }
}

function describe(choice: RouteChoice): string {
  if ('blockedBy' in choice) return `${choice.blockedBy.pattern} blocks it`
  return choice.map(({ pattern, nextHop }) => `${pattern} at ${nextHop}`).join(', ')
}

function blockedDetail({ pattern }: Route): string {
  return `the route ${pattern} blocks this number`
}

function wayBy(route: Route, target: Target): Target {
  const hop = hopOf(route, target.parsed?.scheme === 'sips')
  const way = { ...target, route: hop }
  return route.techPrefixAction === 'Strip' ? { ...way, uri: withoutPrefix(target) } : way
}

/** The Request-URI as a gateway wants it that takes no technology prefix. */
function withoutPrefix({ uri, parsed }: Target): string {
  const { user } = parsed ?? {}
  if (user === undefined || withoutTechPrefix(user) === undefined) return uri
  return escapedUri(uri).replace(/^(sips?:)\d{1,3}%23/i, '$1')
}
