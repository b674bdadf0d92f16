/** A redirect server (ServerType) says where its users are, in place of forwarding. */
import { hostAndPort } from '../../lib/net/address.ts'
import type { SipRequest } from '../message/message.ts'
import type { Answer } from '../message/respond.ts'
import { isSameUri } from '../message/same-uri.ts'
import { redirectContacts } from '../proxy/redirect.ts'
import type { Target } from '../proxy/targets.ts'
import type { RoutedRequest } from './request.ts'
import type { Step } from './step.ts'

export const redirect: Step<RoutedRequest> = ({ request, targets = [] }) => redirection(request, targets.map(atNextHop))

/** Of other domains it knows no more than who asks (RFC 3261 §21.4.5). */
function redirection({ requestUri }: SipRequest, targets: readonly Target[]): Answer {
  if (targets.every(({ uri }) => isSameUri(uri, requestUri)))
    return { status: 404, detail: 'the domain is not one of this server' }
  return { status: 302, headers: redirectContacts(targets) }
}

/** The same user at the next hop that a route names. */
function atNextHop(target: Target): Target {
  const { route, parsed } = target
  if (!route || !parsed) return target
  const { host, port } = route
  const user = /^sips?:([^@]*@)/i.exec(target.uri)?.[1] ?? ''
  const transport = route.parameters.get('transport')
  const place = port === undefined ? (host.includes(':') ? `[${host}]` : host) : hostAndPort(host, port)
  return {
    ...target,
    uri: `${parsed.scheme}:${user}${place}${transport === undefined ? '' : `;transport=${transport}`}`,
  }
}
