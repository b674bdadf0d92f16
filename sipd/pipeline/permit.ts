/** Whether a request is ours to pass on, and where it may go. */
import { nowhere } from '../proxy/passage.ts'
import type { Relay } from '../proxy/relay.ts'
import type { RoutedRequest } from './request.ts'
import type { Step } from './step.ts'

export function permit(relay: Pick<Relay, 'passage'>): Step<RoutedRequest> {
  return (routed) => {
    const { request, source, routing, uri, isOurs } = routed
    const passage = relay.passage(request, source, routing, uri, isOurs)
    // RFC 3261 §21.4.4: the request is understood, and not for us to pass on.
    if (!passage) return { status: 403 }
    routed.passage = passage
    return 'goOn'
  }
}

/** For a redirect server, which passes nothing on: what the request might do is known, and none is refused. */
export function findPassage(relay: Pick<Relay, 'passage'>): Step<RoutedRequest> {
  return (routed) => {
    const { request, source, routing, uri, isOurs } = routed
    routed.passage = relay.passage(request, source, routing, uri, isOurs) ?? nowhere
    return 'goOn'
  }
}
