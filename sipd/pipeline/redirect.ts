/** A redirect server (ServerType) says where its users are, in place of forwarding. */
import type { SipRequest } from '../message/message.ts'
import type { Answer } from '../message/respond.ts'
import { isSameUri } from '../message/same-uri.ts'
import { redirectContacts } from '../proxy/redirect.ts'
import type { Target } from '../proxy/targets.ts'
import type { RoutedRequest } from './request.ts'
import type { Step } from './step.ts'

export const redirect: Step<RoutedRequest> = ({ request, targets = [] }) => redirection(request, targets)

/** Of other domains it knows no more than who asks (RFC 3261 §21.4.5). */
function redirection({ requestUri }: SipRequest, targets: readonly Target[]): Answer {
  if (targets.every(({ uri }) => isSameUri(uri, requestUri)))
    return { status: 404, detail: 'this server does not serve the domain' }
  return { status: 302, headers: redirectContacts(targets) }
}
