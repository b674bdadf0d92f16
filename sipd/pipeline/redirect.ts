/** A redirect server (ServerType) says where its users are, in place of forwarding. */
import { hostAndPort } from '../../lib/net/address.ts'
import type { SipRequest } from '../message/message.ts'
import type { Answer } from '../message/respond.ts'
import { isSameUri } from '../message/same-uri.ts'
import { redirectContacts } from '../proxy/redirect.ts'
import type { Target } from '../proxy/targets.ts'
import type { RoutedRequest } from './request.ts'
import type { Step } from './step.ts'

export const redirect: Step<RoutedRequest> = ({ request, targets = [] }) => redirection(request, targets)

/** Of other domains it knows no more than who asks (RFC 3261 §21.4.5), unless a route leads there. */
function redirection({ requestUri }: SipRequest, found: readonly Target[]): Answer {
  const targets = found.flatMap(placesOf)
  if (targets.every(({ uri }) => isSameUri(uri, requestUri)))
    return { status: 404, detail: 'the domain is not one of this server' }
  return { status: 302, headers: redirectContacts(targets) }
}

/** Less is each way behind the one before it preferred by, in thousandths. */
const lessByWay = 50

/** A target that has routes as a contact for each: the same user at the next hop. */
function placesOf(target: Target): Target[] {
  const ways = [target, ...(target.otherRoutes ?? [])]
  return ways.map((way, i) => atNextHop({ ...way, q: Math.max(1, target.q - i * lessByWay) }))
}

function atNextHop(target: Target): Target {
  const { route, uri } = target
  if (!route) return target
  const user = /^sips?:[^@]*@/i.exec(uri)?.[0] ?? `${uri.replace(/^tel:/i, 'sip:').replace(/[;?].*$/, '')}@`
  const host = route.port === undefined ? bracketed(route.host) : hostAndPort(route.host, route.port)
  const transport = route.parameters.get('transport')
  return { ...target, uri: `${user}${host}${transport ? `;transport=${transport}` : ''}` }
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
