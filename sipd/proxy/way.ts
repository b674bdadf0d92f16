/** One way of sending a request: its first line, its route set, and where that leads (RFC 3261 §16.6 steps 2, 5 and 6). */
import { isIP } from 'node:net'
import type { Hop } from '../message/hop.ts'
import { reachedHost, type SipUri } from '../message/uri.ts'
import { isLoose, type Routing, routeUri } from './routes.ts'
import type { Target } from './targets.ts'

export interface Way {
  readonly requestUri: string
  readonly routes: readonly string[] | undefined
  readonly next: SipUri
  readonly flow: Hop | undefined
  /** Of the target, where it is known. */
  readonly contact: SipUri | undefined
  readonly isByRoute: boolean
  /** The next hop was named by sipd.conf, or registered itself from where it is. */
  readonly isBound: boolean
  /** The operator wrote the next hop: a route, a static contact. */
  readonly isConfigured: boolean
}

/** Undefined when the next URI is not one of ours to send to. */
export function wayTo(target: Target, routing: Routing): Way | undefined {
  const routes = [...target.path, ...routing.routes]
  const contact = target.parsed
  const areChanged = routing.areRoutesChanged || target.path.length > 0
  const isStatic = target.origin === 'configured'
  if (routes.length === 0) {
    const next = target.route ?? target.parsed
    return (
      next && {
        requestUri: target.uri,
        routes: areChanged ? [] : undefined,
        next,
        flow: target.flow,
        contact,
        isByRoute: false,
        isBound: target.flow !== undefined || target.route !== undefined || isBound(target, next),
        isConfigured: isStatic || target.route !== undefined,
      }
    )
  }
  const next = routeUri(routes[0] ?? '')
  if (!next) return undefined
  const isOfPath = target.path.length > 0
  const byRoute = target.isOverRoutes
    ? { next, flow: target.flow, contact, isByRoute: false, isBound: true, isConfigured: false }
    : {
        next,
        flow: undefined,
        contact,
        isByRoute: true,
        isBound: isOfPath && isBound(target, next),
        isConfigured: isOfPath && isStatic,
      }
  if (isLoose(next)) return { ...byRoute, requestUri: target.uri, routes: areChanged ? routes : undefined }
  // A strict router wants itself in the Request-URI, and the target at the end of the route.
  const [strict = '', ...others] = routes
  return {
    ...byRoute,
    requestUri: /<([^>]*)>/.exec(strict)?.[1] ?? strict,
    routes: [...others, `<${target.uri}>`],
  }
}

/** Whether the next hop is one that sipd.conf names, or the registrar let a phone name: by its number, or its connection. */
function isBound({ origin }: Target, next: SipUri): boolean {
  return origin === 'configured' || (origin === 'registered' && isIP(reachedHost(next)) !== 0)
}
