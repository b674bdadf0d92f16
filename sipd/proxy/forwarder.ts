/** Request forwarding, RFC 3261 §16.6: from a target to octets that leave, with a transaction or without. */
import { addressOctets, addressText } from '../../lib/net/address.ts'
import { reserveFactor } from '../account/ledger.ts'
import type { Locator, Place } from '../locate/locator.ts'
import type { DebugChannel, DebugLog } from '../log/error-log.ts'
import { type ForwardHead, forwardedRequest, forwardTail } from '../message/forward.ts'
import { H } from '../message/header-names.ts'
import type { SipRequest } from '../message/message.ts'
import { hasTag } from '../message/respond.ts'
import { formatHop, type Hop } from '../message/source.ts'
import { parseSipUri, type SipUri } from '../message/uri.ts'
import type { TransactionLayer } from '../transaction/layer.ts'
import { octetsOfSent } from '../transaction/octets.ts'
import type { Identity } from './identity.ts'
import { type Branches, loopHashOf } from './loop.ts'
import type { ProxyPolicy } from './policy.ts'
import type { Branch, ResponseContext } from './response-context.ts'
import { isLoose, type Routing, routeUri } from './routes.ts'
import type { Target } from './targets.ts'

export interface ForwarderOptions {
  readonly layer: TransactionLayer
  readonly identity: Identity
  readonly branches: Branches
  readonly locator: Locator
  readonly policy: ProxyPolicy
  readonly debug: DebugLog
}

/** §18.1.1: larger requests go over a transport that notices congestion. */
const largestDatagram = 1300
/** Requests that begin dialogs; all that follow in the dialog come by the Record-Route of these. */
const dialogMethods: ReadonlySet<string> = new Set(['INVITE', 'SUBSCRIBE', 'REFER'])

/** One way of sending a request: its first line, its route set, and where that leads. */
interface Way {
  readonly requestUri: string
  readonly routes: readonly string[] | undefined
  readonly next: SipUri
  readonly flow: Hop | undefined
  readonly isByRoute: boolean
}

interface Located {
  readonly hop: Hop
  /** The URI itself asked for the transport. */
  readonly isExplicit: boolean
}

export class Forwarder {
  readonly layer: TransactionLayer
  readonly identity: Identity
  readonly policy: ProxyPolicy
  readonly #branches: Branches
  readonly #locator: Locator
  readonly #debug: DebugChannel

  constructor({ layer, identity, branches, locator, policy, debug }: ForwarderOptions) {
    this.layer = layer
    this.identity = identity
    this.policy = policy
    this.#branches = branches
    this.#locator = locator
    this.#debug = debug.Routing
  }

  /** §16.6 step 11 and the seed's T3: an INVITE's Expires, within SipMaxT3InMs, or SipT3InMs. */
  ringMsOf(request: SipRequest): number {
    const expires = request.method === 'INVITE' ? request.value(H.expires) : undefined
    if (expires === undefined || !/^\d{1,9}$/.test(expires)) return this.policy.ringMs
    return Math.min(Number(expires) * 1000, this.policy.maxRingMs)
  }

  /** Starts the branch's transaction; a branch that leads nowhere fails in words. */
  forward(context: ResponseContext, branch: Branch): void {
    const way = this.#wayTo(branch.target, context.routing)
    if (!way) {
      branch.fail(400, 'the target is no SIP URI that can be reached')
      return
    }
    this.#whenLocated(way, context.server.source, (located) => {
      if (!branch.isPending) return
      if (located) this.#send(context, branch, way, located)
      else branch.fail(503, `there is no way to ${way.next.host}`)
    })
  }

  /** Forwards without a transaction: an ACK for a 2xx, and all that a stateless proxy does (§16.11). */
  forwardStateless(request: SipRequest, source: Hop, routing: Routing, target: Target): void {
    const way = this.#wayTo(target, routing)
    if (!way) return
    this.#whenLocated(way, source, (located) => {
      if (!located) return
      const { hop } = located
      const tail = forwardTail(request, source, way.routes !== undefined)
      const branch = this.#branches.stateless(loopHashOf(request), request)
      this.layer.statistics.requestOut(request.method)
      const head = this.#head(request, source, way, hop, branch)
      const text = forwardedRequest(request.method, { ...head, via: head.via + cameByParameter(source) }, tail)
      this.layer.sender.send(text, hop)
    })
  }

  #send(context: ResponseContext, branch: Branch, way: Way, { hop: located, isExplicit }: Located): void {
    const { request, source } = context.server
    const via = this.#branches.next(loopHashOf(request))
    const tail = context.tail(way.routes !== undefined)
    const textFor = (to: Hop): string =>
      forwardedRequest(request.method, this.#head(request, source, way, to, via), tail)
    const hop: Hop = located
    const text = textFor(hop)
    // §18.1.1: too large for a datagram goes by TCP, unless the transport was asked for.
    if (hop.transport === 'UDP' && text.length > largestDatagram && !isExplicit) {
      const listener = this.identity.listenerFor('TCP', hop.address, hop.listener)
      if (listener !== undefined) {
        const stream: Hop = { ...hop, transport: 'TCP', listener, connection: undefined }
        this.#start(branch, request.method, via, textFor(stream), stream, () => {
          // Who does not listen on TCP gets the datagram after all, unless nobody wants it any more.
          if (branch.isCancelled) branch.fail(487, 'Request Terminated')
          else if (branch.isPending) this.#start(branch, request.method, via, text, hop)
        })
        return
      }
    }
    this.#start(branch, request.method, via, text, hop)
  }

  #start(branch: Branch, method: string, via: string, text: string, hop: Hop, instead?: () => void): void {
    const user = instead
      ? {
          upstream: branch.upstream,
          onResponse: branch.onResponse.bind(branch),
          onTimeout: branch.onTimeout.bind(branch),
          onTransportError: instead,
        }
      : branch
    const { share } = branch.context.server
    const octets = octetsOfSent(text)
    if (!share.fits(octets, reserveFactor)) {
      share.refuse(this.layer.account.transactions, octets)
      branch.fail(503, 'Service Unavailable')
      return
    }
    branch.watch()
    // The response may be there before this returns, when a transport fails at once.
    const transaction = this.layer.request(method, via, text, hop, user, share)
    if (branch.transaction === undefined || !instead) branch.transaction = transaction
  }

  #head(request: SipRequest, source: Hop, way: Way, hop: Hop, branch: string): ForwardHead {
    return {
      requestUri: way.requestUri,
      via: `SIP/2.0/${hop.transport} ${this.identity.sentBy(hop)};branch=${branch}${hop.transport === 'UDP' ? ';rport' : ''}`,
      recordRoute: this.#recordRoute(request, source, hop, isSecure(way)),
      routes: way.routes,
    }
  }

  /** §16.6 step 4; two of them where the request changes transports or addresses here (RFC 5658). */
  #recordRoute(request: SipRequest, source: Hop, hop: Hop, isSips: boolean): string | undefined {
    const { addRecordRoute, addTransportInRecordRoute } = this.policy
    if (!addRecordRoute || !dialogMethods.has(request.method) || hasToTag(request)) return undefined
    const side = (of: Hop, isForced: boolean): string => {
      const transport = isForced || of.transport !== 'UDP' ? `;transport=${of.transport.toLowerCase()}` : ''
      // Of a sips: request every hop is to be TLS, that of requests within the dialog too.
      if (isSips && of.transport === 'TLS') return `<sips:${this.identity.sentBy(of)};lr>`
      return `<sip:${this.identity.sentBy(of)}${transport};lr>`
    }
    const isSame = source.transport === hop.transport && source.listener === hop.listener
    return isSame ? side(hop, addTransportInRecordRoute) : `${side(hop, true)}, ${side(source, true)}`
  }

  /** §16.6 steps 2, 5 and 6. Undefined when the next URI is not one of ours to send to. */
  #wayTo(target: Target, routing: Routing): Way | undefined {
    const routes = [...target.path, ...routing.routes]
    const areChanged = routing.areRoutesChanged || target.path.length > 0
    if (routes.length === 0) {
      const next = parseSipUri(target.uri)
      return (
        next && {
          requestUri: target.uri,
          routes: areChanged ? [] : undefined,
          next,
          flow: target.flow,
          isByRoute: false,
        }
      )
    }
    const next = routeUri(routes[0]!)
    if (!next) return undefined
    if (isLoose(next))
      return { requestUri: target.uri, routes: areChanged ? routes : undefined, next, flow: undefined, isByRoute: true }
    // A strict router wants itself in the Request-URI, and the target at the end of the route.
    const [strict, ...others] = routes
    return {
      requestUri: /<([^>]*)>/.exec(strict!)?.[1] ?? strict!,
      routes: [...others, `<${target.uri}>`],
      next,
      flow: undefined,
      isByRoute: true,
    }
  }

  #whenLocated(way: Way, source: Hop, go: (located: Located | undefined) => void): void {
    const arrive = (located: Located | undefined): void => {
      if (this.#debug.on) {
        const { requestUri, next } = way
        const to = located ? `${located.hop.transport} ${formatHop(located.hop)}` : 'nowhere'
        this.#debug.write('the next hop was chosen', { requestUri, host: next.host, to })
      }
      go(located)
    }
    if (way.flow) {
      arrive({ hop: way.flow, isExplicit: true })
      return
    }
    const place = this.#locator.locate(way.next)
    if (place instanceof Promise) void place.then((found) => arrive(this.#hopTo(found, way, source)))
    else arrive(this.#hopTo(place, way, source))
  }

  #hopTo(place: Place | undefined, way: Way, source: Hop): Located | undefined {
    if (!place) return undefined
    const transport = way.isByRoute && !place.isExplicit ? this.policy.routeTransport : place.transport
    const listener = this.identity.listenerFor(transport, place.address, source.listener)
    if (listener === undefined) return undefined
    const port = way.next.port ?? (transport === 'TLS' ? 5061 : place.port)
    const hop: Hop = { transport, address: place.address, port, listener, connection: undefined }
    return {
      hop: transport === 'TLS' ? { ...hop, domain: way.next.host } : hop,
      isExplicit: place.isExplicit,
    }
  }
}

/**
 * For the response to what is forwarded without state: our listener, address and connection that the request came by, in
 * our own Via. The address is in hexadecimal: a parameter is a token, which has no colons.
 */
function cameByParameter({ listener, connection, local }: Hop): string {
  const octets = local === undefined || local.includes('%') ? undefined : addressOctets(local)
  const address = octets ? `.${Buffer.from(octets).toString('hex')}` : ''
  return `;i=${listener}${address}${connection === undefined ? '' : `-${connection}`}`
}

/** What `cameByParameter` wrote; undefined when it is not there. */
export function cameBy(via: string): Pick<Hop, 'listener' | 'connection' | 'local'> | undefined {
  const match = /;i=(\d{1,4})(?:\.([0-9a-f]{8}|[0-9a-f]{32}))?(?:-(\d+\.\d+))?(?=;|$)/.exec(via)
  if (!match) return undefined
  const [, listener, local, connection] = match
  return {
    listener: Number(listener),
    connection,
    ...(local !== undefined && { local: addressText(Buffer.from(local, 'hex')) }),
  }
}

function isSecure({ requestUri, next }: Way): boolean {
  return next.scheme === 'sips' || /^sips:/i.test(requestUri)
}

export function hasToTag(request: SipRequest): boolean {
  return hasTag(request.value(H.to)!)
}
