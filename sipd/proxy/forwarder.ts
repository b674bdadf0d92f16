/** Request forwarding, RFC 3261 §16.6: from a target to octets that leave, with a transaction or without. */

import { isIP } from 'node:net'
import { limitedLog } from '../../lib/log/limited-log.ts'
import type { Log } from '../../lib/log/log.ts'
import type { FaultGuard } from '../../lib/process/fault-guard.ts'
import { escapeValue } from '../../lib/text/escape.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { type Holding, reserveFactor } from '../account/ledger.ts'
import type { Locator, Place } from '../locate/locator.ts'
import type { DebugChannel, DebugLog } from '../log/error-log.ts'
import { type ForwardHead, forwardedRequest, forwardTail } from '../message/forward.ts'
import { H } from '../message/header-names.ts'
import { type Hop, hopText } from '../message/hop.ts'
import type { SipRequest } from '../message/message.ts'
import { escapedUri, reachedHost, type SipUri } from '../message/uri.ts'
import { octetsOfSent } from '../transaction/octets.ts'
import type { MessageTransport, Timers } from '../transaction/parts.ts'
import { type Branch, nextHopFailed } from './branch.ts'
import { breadthOf } from './breadth.ts'
import { cameByParameter } from './came-by.ts'
import type { FlowTokens } from './flow-tokens.ts'
import type { Identity } from './identity.ts'
import { type Branches, loopHashOf } from './loop.ts'
import { PassedBy } from './passed-by.ts'
import type { ProxyPolicy } from './policy.ts'
import type { Relay } from './relay.ts'
import type { BranchStarter, Onward } from './response-context.ts'
import { isLoose, type Routing, routeUri } from './routes.ts'
import type { Signer } from './signer.ts'
import type { Target } from './targets.ts'
import type { Transactions } from './transactions.ts'

export interface ForwarderOptions {
  readonly transactions: Transactions
  readonly transport: MessageTransport
  readonly timers: Timers
  /** What the octets of transactions are entered as. */
  readonly holding: Holding
  readonly clock: Clock
  readonly identity: Identity
  readonly branches: Branches
  readonly locator: Locator
  readonly policy: ProxyPolicy
  readonly relay: Relay
  readonly signer: Signer
  readonly flowTokens: FlowTokens
  readonly faults: FaultGuard
  readonly log: Log
  readonly debug: DebugLog
}

/** §18.1.1: larger requests go over a transport that notices congestion. */
const largestDatagram = 1300

/** One way of sending a request: its first line, its route set, and where that leads. */
interface Way {
  readonly requestUri: string
  readonly routes: readonly string[] | undefined
  readonly next: SipUri
  readonly flow: Hop | undefined
  /** Of the target, where it is known. */
  readonly contact: SipUri | undefined
  readonly isByRoute: boolean
  /** The next hop was named by sipd.conf, or registered itself from where it is. */
  readonly isBound: boolean
}

interface Located {
  readonly hop: Hop
  /** The URI itself asked for the transport. */
  readonly isExplicit: boolean
}

/** One place that a branch may try, and how the request looks on its way there. */
interface Attempt {
  readonly way: Way
  readonly place: Located
}

export class Forwarder implements BranchStarter {
  readonly transactions: Transactions
  readonly timers: Timers
  readonly identity: Identity
  readonly policy: ProxyPolicy
  readonly #transport: MessageTransport
  readonly #holding: Holding
  readonly #branches: Branches
  readonly #locator: Locator
  readonly #signer: Signer
  readonly #passedBy: PassedBy
  readonly #faults: FaultGuard
  readonly #log: Log
  readonly #clock: Clock
  readonly #debug: DebugChannel

  constructor(options: ForwarderOptions) {
    this.transactions = options.transactions
    this.timers = options.timers
    this.identity = options.identity
    this.policy = options.policy
    this.#transport = options.transport
    this.#holding = options.holding
    this.#branches = options.branches
    this.#locator = options.locator
    this.#signer = options.signer
    this.#passedBy = new PassedBy(options)
    this.#faults = options.faults
    this.#log = limitedLog(options.log, options.clock)
    this.#clock = options.clock
    this.#debug = options.debug.Routing
  }

  /** §16.6 step 11 and the seed's T3: an INVITE's Expires, within SipMaxT3InMs, or SipT3InMs. */
  ringMsOf(request: SipRequest): number {
    const expires = request.method === 'INVITE' ? request.value(H.expires) : undefined
    if (expires === undefined || !/^\d{1,10}$/.test(expires)) return this.policy.ringMs
    return Math.min(Number(expires) * 1000, this.policy.maxRingMs)
  }

  ringsUntilMs({ method }: SipRequest): number {
    const { longestRingMs } = this.policy
    return method === 'INVITE' && longestRingMs > 0 ? this.monotonicMs() + longestRingMs : Number.POSITIVE_INFINITY
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs()
  }

  /** Starts the branch's transaction; a branch that leads nowhere fails in words. */
  forward(branch: Branch): void {
    const { context } = branch
    const way = this.#wayTo(branch.target, context.routing)
    if (!way) {
      branch.fail(400, 'the target is not a SIP URI that sipd can reach')
      return
    }
    this.#whenLocated(way, context.server.source, (places) => {
      if (!branch.isPending) return
      const attempts = [...places.map((place) => ({ way, place })), ...this.#otherFlows(branch)]
      const [first] = attempts
      if (!first) {
        branch.fail(nextHopFailed, `there is no way to ${way.next.host}`)
        return
      }
      const { passage } = context
      const allowed = attempts.filter(({ way: { isBound }, place }) => !passage.refusal(place.hop, isBound))
      const refusal = passage.refusal(first.place.hop, first.way.isBound)
      if (allowed.length > 0) this.#try(branch, allowed, 0)
      else if (refusal) branch.fail(refusal.status, refusal.why)
    })
  }

  /** Flows say where they lead. */
  #otherFlows({ target, context }: Branch): Attempt[] {
    return (target.otherFlows ?? []).flatMap((other) => {
      const way = this.#wayTo(other, context.routing)
      return way?.flow ? [{ way, place: { hop: way.flow, isExplicit: true } }] : []
    })
  }

  /** Sends to a place, and to those after it when it fails, each time with a branch of its own. */
  #try(branch: Branch, attempts: readonly Attempt[], at: number): void {
    const attempt = attempts[at]
    if (!attempt) return
    const { way, place } = attempt
    const next = attempts[at + 1]
    if (next)
      branch.elsewhere = {
        after: next.way === way ? 503 : 430,
        go: (why) => {
          const [method, to] = [branch.context.server.request.method, escapeValue(branch.target.uri)]
          const sentence =
            next.way === way
              ? 'a next hop failed; the next of its addresses is tried'
              : 'a flow failed; another one of the same phone is tried'
          this.#log.warn(sentence, { method, to, at: hopText(place.hop), why })
          this.#try(branch, attempts, at + 1)
        },
      }
    this.#send(branch, way, place)
  }

  /** Why a branch failed, for the operator: those upstream hear no more than a status. */
  tellFailure({ method }: SipRequest, uri: string, status: number, why: string): void {
    this.#log.warn('cannot forward a request', { method, to: escapeValue(uri), status, why })
  }

  /** Forwards without a transaction: an ACK for a 2xx, and all that a stateless proxy does (§16.11). */
  forwardStateless(onward: Onward & { readonly request: SipRequest; readonly source: Hop }, target: Target): void {
    const { request, source, routing, passage } = onward
    const way = this.#wayTo(target, routing)
    if (!way) return
    this.#whenLocated(way, source, (places) => {
      const located = places[0]
      if (!located) return
      const { hop } = located
      const refusal = passage.refusal(hop, way.isBound)
      if (refusal) {
        if (request.method !== 'ACK') this.transactions.answerStateless(request, source, refusal.status)
        return
      }
      const tail = forwardTail(request, source, way.routes !== undefined)
      const branch = this.#branches.stateless(loopHashOf(request), request)
      const head = this.#head(request, source, way, hop, branch, breadthOf(request))
      const text = forwardedRequest(
        request.method,
        { ...head, via: head.via + cameByParameter(request, source, this.#signer) },
        tail,
      )
      if (request.method === 'ACK') this.#transport.sendLast(request.method, text, hop)
      else this.#transport.sendRequest(request.method, text, hop)
    })
  }

  #send(branch: Branch, way: Way, { hop: located, isExplicit }: Located): void {
    const { context } = branch
    const { request, source } = context.server
    const via = this.#branches.next(loopHashOf(request))
    const tail = context.tail(way.routes !== undefined)
    const textFor = (to: Hop): string =>
      forwardedRequest(request.method, this.#head(request, source, way, to, via, branch.breadth), tail)
    const hop: Hop = located
    const text = textFor(hop)
    // §18.1.1: too large for a datagram goes by TCP, unless the transport was asked for.
    if (hop.transport === 'UDP' && text.length > largestDatagram && !isExplicit) {
      const listener = this.identity.listenerFor('TCP', hop.address, hop.listener)
      if (listener !== undefined) {
        const stream: Hop = { ...hop, transport: 'TCP', listener, connection: undefined }
        this.#start(branch, request.method, via, textFor(stream), stream, () => {
          // Who does not listen on TCP gets the datagram after all, unless nobody wants it any more.
          if (branch.isCancelled) branch.fail(487)
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
      share.refuse(this.#holding, octets)
      branch.fail(503, 'there is no room for the request')
      return
    }
    branch.watch()
    const transaction = this.transactions.request({ method, branch: via, text, hop, share }, user)
    // A transport that failed at once has ended it, and the branch may have another by now.
    if (transaction.state !== 'terminated') branch.transaction = transaction
  }

  #head(request: SipRequest, source: Hop, way: Way, hop: Hop, branch: string, maxBreadth: number): ForwardHead {
    return {
      requestUri: escapedUri(way.requestUri),
      via: `SIP/2.0/${hop.transport} ${this.identity.sentBy(hop)};branch=${branch}${hop.transport === 'UDP' ? ';rport' : ''}`,
      maxBreadth,
      recordRoute: this.#passedBy.recordRoute(request, source, way, hop),
      path: this.#passedBy.path(request, source),
      routes: way.routes,
    }
  }

  /** §16.6 steps 2, 5 and 6. Undefined when the next URI is not one of ours to send to. */
  #wayTo(target: Target, routing: Routing): Way | undefined {
    const routes = [...target.path, ...routing.routes]
    const contact = target.parsed
    const areChanged = routing.areRoutesChanged || target.path.length > 0
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
        }
      )
    }
    const next = routeUri(routes[0]!)
    if (!next) return undefined
    const byRoute = target.isOverRoutes
      ? { next, flow: target.flow, contact, isByRoute: false, isBound: true }
      : { next, flow: undefined, contact, isByRoute: true, isBound: target.path.length > 0 && isBound(target, next) }
    if (isLoose(next)) return { ...byRoute, requestUri: target.uri, routes: areChanged ? routes : undefined }
    // A strict router wants itself in the Request-URI, and the target at the end of the route.
    const [strict, ...others] = routes
    return {
      ...byRoute,
      requestUri: /<([^>]*)>/.exec(strict!)?.[1] ?? strict!,
      routes: [...others, `<${target.uri}>`],
    }
  }

  #whenLocated(way: Way, source: Hop, go: (places: readonly Located[]) => void): void {
    const arrive = (places: readonly Located[]): void => {
      if (this.#debug.on) {
        const { requestUri, next } = way
        const to = places.map(({ hop }) => hopText(hop)).join(', ') || 'nowhere'
        this.#debug.write('the next hop was chosen', { requestUri, host: next.host, to })
      }
      go(places)
    }
    if (way.flow) {
      arrive([{ hop: way.flow, isExplicit: true }])
      return
    }
    const places = this.#locator.locate(way.next, source)
    if (places instanceof Promise)
      void places.then((found) => {
        const isDone = this.#faults.run('forwarding', () => arrive(this.#hopsTo(found, way, source)))
        if (!isDone) this.#faults.run('failing a branch', () => go([]))
      })
    else arrive(this.#hopsTo(places, way, source))
  }

  #hopsTo(places: readonly Place[], way: Way, source: Hop): readonly Located[] {
    const hops: Located[] = []
    for (const place of places) {
      const located = this.#hopTo(place, way, source)
      if (located) hops.push(located)
    }
    return hops
  }

  #hopTo(place: Place, way: Way, source: Hop): Located | undefined {
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

/** Whether the next hop is one that sipd.conf names, or the registrar let a phone name: by its number, or its connection. */
function isBound({ origin }: Target, next: SipUri): boolean {
  return origin === 'configured' || (origin === 'registered' && isIP(reachedHost(next)) !== 0)
}
