/** Requests that our own Record-Route or Path says the flow of (RFC 5626 §5.3): they go over it, whatever the Request-URI names. */
import type { Hop } from '../message/hop.ts'
import { reachedHost, type SipUri } from '../message/uri.ts'
import type { Identity } from '../proxy/identity.ts'
import type { UserLocation } from '../proxy/users.ts'
import type { RoutedRequest } from './request.ts'
import type { Step } from './step.ts'

export interface FlowParts {
  readonly identity: Pick<Identity, 'userOf'>
  readonly users: Pick<UserLocation, 'flowOf'>
  /** Whether something can be sent over a flow. */
  readonly isFlowOpen: (flow: Hop) => boolean
}

export function followFlow({ identity, users, isFlowOpen }: FlowParts): Step<RoutedRequest> {
  return (routed) => {
    const { routing, uri, request } = routed
    if (!routing.flow) return 'goOn'
    const { hop, isOutbound } = routing.flow
    const user = identity.userOf(request.to)
    // A phone that came back by another connection, or whose NAT has another port for it by now, has registered from there.
    const flow = (user && users.flowOf(user, uri, hop)) || hop
    if (isFlowOpen(flow)) {
      const target = { uri: routing.requestUri, parsed: uri, origin: 'asked', path: [], q: 1000 } as const
      routed.targets = [{ ...target, flow, isOverRoutes: true }]
      return 'goOn'
    }
    // §5.3.1. Nobody listens at the far end of a connection that was opened from there.
    return isOutbound || isAt(uri, hop) ? { status: 430 } : 'goOn'
  }
}

function isAt(uri: SipUri, { address, port }: Hop): boolean {
  return reachedHost(uri) === address && uri.port === port
}
