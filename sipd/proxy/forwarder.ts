/** Request forwarding, RFC 3261 §16.6: from a target to octets that leave, with a transaction or without. */
import { limitedLog } from '../../lib/log/limited-log.ts'
import type { Log } from '../../lib/log/log.ts'
import type { FaultGuard } from '../../lib/process/fault-guard.ts'
import { escapeValue } from '../../lib/text/escape.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { type Holding, reserveFactor } from '../account/ledger.ts'
import type { Locator } from '../locate/locator.ts'
import type { DebugLog } from '../log/error-log.ts'
import { type ForwardHead, forwardedRequest, forwardTail } from '../message/forward.ts'
import { H } from '../message/header-names.ts'
import { type Hop, hopText, isReliable } from '../message/hop.ts'
import type { SipRequest } from '../message/message.ts'
import { type Answer, type ExtraHeader, hasToTag, headersOf } from '../message/respond.ts'
import { escapedUri } from '../message/uri.ts'
import { octetsOfSent } from '../transaction/octets.ts'
import type { MessageTransport, Timers } from '../transaction/parts.ts'
import type { Branch } from './branch.ts'
import { breadthOf } from './breadth.ts'
import { cameByParameter } from './came-by.ts'
import type { FlowTokens } from './flow-tokens.ts'
import type { Identity } from './identity.ts'
import { type Branches, loopHashOf } from './loop.ts'
import { isByName, type NextHop, NextHopFinder } from './next-hops.ts'
import { PassedBy } from './passed-by.ts'
import type { ProxyPolicy } from './policy.ts'
import type { Relay } from './relay.ts'
import type { BranchStarter, Onward } from './response-context.ts'
import type { Signer } from './signer.ts'
import type { Target } from './targets.ts'
import type { Transactions } from './transactions.ts'
import { type Way, wayTo } from './way.ts'

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

/** One place that a branch may try, and how the request looks on its way there. */
interface Attempt {
  readonly way: Way
  readonly place: NextHop
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
  readonly #log: Log
  readonly #clock: Clock
  readonly #nextHops: NextHopFinder
  readonly #relay: Relay

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
    this.#log = limitedLog(options.log, options.clock)
    this.#clock = options.clock
    this.#nextHops = new NextHopFinder({ ...options, debug: options.debug.Routing })
    this.#relay = options.relay
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
    const way = wayTo(branch.target, context.routing)
    if (!way) {
      branch.fail(400, 'the target is not a SIP URI that can be reached')
      return
    }
    this.#nextHops.find(way, context.server.source, ({ hops, failure }) => {
      if (!branch.isPending) return
      const attempts = [...hops.map((place) => ({ way, place })), ...this.#otherFlows(branch)]
      const [first] = attempts
      if (!first) {
        if (!failure) return
        // Who registered is a user, be the name in the contact one or not.
        const status = failure.status === 404 && branch.target.origin !== 'asked' ? 480 : failure.status
        branch.fail(status, failure.detail, this.#headersFor(context.server.source, failure))
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
      const way = wayTo(other, context.routing)
      return way?.flow ? [{ way, place: { hop: way.flow, isExplicit: true } }] : []
    })
  }

  /** Sends to a place, and to those after it when it fails, each time with a branch of its own. */
  #try(branch: Branch, attempts: readonly Attempt[], at: number): void {
    const attempt = attempts[at]
    if (!attempt) return
    const { way, place } = attempt
    const next = attempts[at + 1]
    const isNamed = isByName(way)
    if (next || isNamed)
      branch.attempt = {
        failsAt: next && next.way !== way ? 430 : 503,
        failed: (retryAfterSeconds) => isNamed && this.#locator.placeFailed(place.hop, retryAfterSeconds),
        answered: () => isNamed && this.#locator.placeAnswered(place.hop),
        next: next && ((why) => this.#tryNext(branch, attempts, at, why)),
      }
    this.#send(branch, way, place)
  }

  #tryNext(branch: Branch, attempts: readonly Attempt[], at: number, why: string): void {
    const [failed, next] = [attempts[at], attempts[at + 1]]
    if (!failed || !next) return
    const [method, to] = [branch.context.server.request.method, escapeValue(branch.target.uri)]
    const sentence =
      next.way === failed.way
        ? 'a next hop failed; the next of its addresses is tried'
        : 'a flow failed; another one of the same phone is tried'
    this.#log.warn(sentence, { method, to, at: hopText(failed.place.hop), why })
    this.#try(branch, attempts, at + 1)
  }

  /** Whoever is trusted reads which name it was; a stranger learns nothing of our name servers. */
  #headersFor(source: Hop, failure: Answer): readonly ExtraHeader[] {
    return this.#relay.isTrusted(source) ? headersOf(failure) : []
  }

  /** Why a branch failed, for the operator: those upstream hear no more than a status. */
  tellFailure({ method }: SipRequest, uri: string, status: number, why: string): void {
    this.#log.warn('a request could not be forwarded', { method, to: escapeValue(uri), status, why })
  }

  /** Forwards without a transaction: an ACK for a 2xx, and all that a stateless proxy does (§16.11). */
  forwardStateless(onward: Onward & { readonly request: SipRequest; readonly source: Hop }, target: Target): void {
    const { request, source, routing, passage } = onward
    const way = wayTo(target, routing)
    if (!way) return
    this.#nextHops.find(way, source, ({ hops: [first], failure }) => {
      const refusal = first ? passage.refusal(first.hop, way.isBound) : failure
      if (!first || refusal) {
        const headers = failure && this.#headersFor(source, failure)
        if (refusal && request.method !== 'ACK')
          this.transactions.answerStateless(request, source, refusal.status, headers)
        return
      }
      const { hop } = first
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

  #send(branch: Branch, way: Way, { hop: located, isExplicit }: NextHop): void {
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
    branch.watchSilence()
    const isWithinDialog = isReliable(hop) && method !== 'BYE' && hasToTag(branch.context.server.request)
    const departure = { method, branch: via, text, hop, share, isWithinDialog }
    const transaction = this.transactions.request(departure, user)
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
}
