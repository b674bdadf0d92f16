/** The way of a request through its steps, in the order in which it takes them. */
import type { Log } from '../../lib/log/log.ts'
import type { Clock } from '../../lib/time/clock.ts'
import type { ProxyPolicy } from '../proxy/policy.ts'
import type { Relay } from '../proxy/relay.ts'
import type { Target } from '../proxy/targets.ts'
import type { SipStatistics } from '../statistics/statistics.ts'
import { closing, hopLimits, loops, type Openness, proxyRequire, sanity } from './admit.ts'
import { type FlowParts, followFlow } from './flow.ts'
import { type KnowsUser, nextHop, type RouteSource, routedNow } from './next-hop.ts'
import { findPassage, permit } from './permit.ts'
import { prefer } from './preferences.ts'
import { redirect } from './redirect.ts'
import { type Arrival, type RoutedRequest, type RoutingParts, routeRequest } from './request.ts'
import { type ServeOptions, serve } from './serve.ts'
import { settle } from './settle.ts'
import { type Step, type Walker, walk } from './step.ts'
import { found, registry, type TargetSource, target, targetsOfContact } from './target.ts'

/** What stands between the steps that every server takes; in the order of the manual. */
export interface MoreSteps {
  /** Who asks: trust, digest, and the like. */
  readonly identify?: readonly Step<RoutedRequest>[]
  /** Asked before the registry, and after it. */
  readonly targetsBefore?: readonly TargetSource[]
  readonly targetsAfter?: readonly TargetSource[]
  readonly routes?: readonly RouteSource[]
  /** Nobody is, unless given. */
  readonly knowsUser?: KnowsUser
}

export interface PipelineOptions extends ServeOptions, RoutingParts, Pick<FlowParts, 'isFlowOpen'> {
  readonly policy: ProxyPolicy
  readonly relay: Relay
  readonly statistics: SipStatistics
  readonly clock: Clock
  readonly log: Log
  readonly openness: () => Openness
  readonly retryAfterSeconds: number
  /** Another process may know of a registration so much earlier than this one; 0 when there is none. */
  readonly settleMs: number
  readonly more: MoreSteps
}

/** Whose request it is. */
export interface Traveller extends Walker {
  /** It is known where the request goes. False: it goes no further here. */
  departs(routed: RoutedRequest): boolean
  /** No step kept it: it is forwarded. */
  arrives(routed: RoutedRequest): void
}

function onlyIf(holds: (routed: RoutedRequest) => boolean, step: Step<RoutedRequest>): Step<RoutedRequest> {
  return (routed) => (holds(routed) ? step(routed) : 'goOn')
}

/** A request is passed on, or its caller told where to go: by ServerType, unless the caller wants the other (RFC 3841 §9.1). */
function onward({ policy, relay, more }: PipelineOptions): Step<RoutedRequest>[] {
  const { routes = [], knowsUser } = more
  const byRoute = nextHop(routes, knowsUser)
  // A stranger does not learn from a proxy where its users are.
  const isRedirected = ({ disposition, source }: RoutedRequest): boolean =>
    policy.redirect ? disposition?.redirects !== false : disposition?.redirects === true && relay.isTrusted(source)
  const told = policy.redirectsToNextHops ? byRoute : nextHop([], knowsUser)
  const redirects = [findPassage(relay), told, redirect]
  const passes = [permit(relay), byRoute]
  return [
    ...redirects.map((step) => onlyIf(isRedirected, step)),
    ...passes.map((step) => onlyIf((routed) => !isRedirected(routed), step)),
  ]
}

export class Pipeline {
  readonly #options: PipelineOptions
  readonly #admission: readonly Step<Arrival>[]
  readonly #steps: readonly Step<RoutedRequest>[]
  readonly #ackSteps: readonly Step<RoutedRequest>[]

  constructor(options: PipelineOptions) {
    const { identity, policy, relay, statistics, clock, log, openness, retryAfterSeconds, settleMs } = options
    const { identify = [], targetsBefore = [], targetsAfter = [], routes = [], knowsUser } = options.more
    this.#options = options
    const byFlow = followFlow(options)
    const findTargets = target([...targetsBefore, registry, ...targetsAfter], policy)
    this.#admission = [
      closing(openness, retryAfterSeconds),
      sanity(statistics),
      loops(identity, log),
      proxyRequire(policy.ignoredExtensions),
    ]
    this.#steps = [
      hopLimits,
      ...identify,
      serve(options),
      byFlow,
      findTargets,
      ...(settleMs > 0 ? [settle(clock, settleMs, findTargets)] : []),
      found,
      ...(policy.usesCallerPreferences ? [prefer] : []),
      ...onward(options),
    ]
    // An ACK to a 2xx is sent on or dropped, and never answered: it goes where its INVITE went, as far as that can be known.
    this.#ackSteps = [hopLimits, byFlow, findTargets, found, permit(relay), nextHop(routes, knowsUser)]
  }

  /** Takes a request through all steps. */
  take(arrival: Arrival, traveller: Traveller): void {
    walk(this.#admission, arrival, traveller, () => this.#depart(arrival, this.#steps, traveller))
  }

  /** Takes the ACK of a 2xx. */
  takeAck(arrival: Arrival, traveller: Traveller): void {
    this.#depart(arrival, this.#ackSteps, traveller)
  }

  /** Where a contact of a 3xx to a request leads. */
  followed(contact: Target, routed: RoutedRequest): readonly Target[] {
    const { identity, policy, more } = this.#options
    return routedNow(more.routes ?? [], targetsOfContact(contact, routed, identity, policy), routed)
  }

  #depart(arrival: Arrival, steps: readonly Step<RoutedRequest>[], traveller: Traveller): void {
    const routed = routeRequest(arrival, this.#options)
    if ('status' in routed) traveller.stops(routed)
    else if (traveller.departs(routed)) walk(steps, routed, traveller, () => traveller.arrives(routed))
  }
}
