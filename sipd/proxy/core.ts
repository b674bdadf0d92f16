/** The proxy core, RFC 3261 §16: what is done with a request, once its transaction has it. */
import type { Log } from '../../lib/log.ts'
import type { DebugLog } from '../log/error-log.ts'
import { withoutTopmostVia } from '../message/forward.ts'
import { H } from '../message/header-names.ts'
import type { SipRequest, SipResponse } from '../message/message.ts'
import { type Malformed, parseMessage, secondVia } from '../message/parse.ts'
import { type ExtraHeader, formatResponse, responseTarget, viaTarget } from '../message/respond.ts'
import { formatHop, type Hop } from '../message/source.ts'
import { parseRequestUri, type SipUri } from '../message/uri.ts'
import type { Registrar } from '../registrar/registrar.ts'
import type { SipStatistics } from '../statistics.ts'
import { type TransactionLayer, type TransactionUser, transactionKey } from '../transaction/layer.ts'
import type { ServerTransaction } from '../transaction/server.ts'
import type { Admission } from './admission.ts'
import { cameBy, type Forwarder, hasToTag } from './forwarder.ts'
import type { Identity } from './identity.ts'
import { isLoop } from './loop.ts'
import { redirectContacts } from './redirect.ts'
import { ResponseContext } from './response-context.ts'
import { preprocessRoutes, type Routing } from './routes.ts'
import type { Target } from './targets.ts'

/** Methods that mean this server itself when the Request-URI names no user. */
export const supportedMethods = ['OPTIONS', 'REGISTER', 'INVITE', 'ACK', 'CANCEL', 'BYE'] as const
const allow: ExtraHeader = { name: 'Allow', value: supportedMethods.join(', ') }

/** Finds where the users of this server are. */
export interface UserLocation {
  /** Undefined for a user that this server does not know. */
  targetsOf(addressOfRecord: string): readonly Target[] | undefined
}

/** Other processes with the same ports; asked before anything is done with a message. True when it is theirs, and sent to them. */
export interface Elsewhere {
  takesRequest(request: SipRequest, source: Hop): boolean
  takesResponse(response: SipResponse, source: Hop): boolean
}

export interface ProxyCoreOptions {
  readonly layer: TransactionLayer
  readonly forwarder: Forwarder
  readonly identity: Identity
  readonly registrar: Registrar | undefined
  readonly users: UserLocation
  readonly statistics: SipStatistics
  readonly admission: Admission
  readonly log: Log
  readonly debug: DebugLog
  readonly elsewhere?: Elsewhere
  /** Another process may know of a registration so much earlier than this one; 0 when there is none. */
  readonly settleMs?: number
  /** Told of each final response to a request, for the access log. */
  readonly onAnswered: (transaction: ServerTransaction, status: number, octets: number) => void
}

/** `refusing` while a transaction-graceful restart is near: new INVITE and REGISTER get 503; `silent`: they get nothing. */
export type Openness = 'open' | 'refusing' | 'silent'

export class ProxyCore implements TransactionUser {
  openness: Openness = 'open'
  readonly #options: ProxyCoreOptions
  readonly #contexts = new Map<ServerTransaction, ResponseContext>()

  constructor(options: ProxyCoreOptions) {
    this.#options = options
    options.layer.user = this
  }

  /** Requests that branches are under way for. */
  get contexts(): number {
    return this.#contexts.size
  }

  /** A message from the network. Whatever it is, it costs no more than itself. */
  receive(octets: Buffer, source: Hop): void {
    try {
      const message = parseMessage(octets)
      const { elsewhere, debug } = this.#options
      if (debug.Parser.on) debug.Parser.write('octets were read', described(message, octets, source))
      if (message === undefined) this.#options.statistics.discarded++
      else if (message.kind === 'request') {
        if (!elsewhere?.takesRequest(message, source)) this.receiveRequest(message, source)
      } else if (message.kind === 'response') {
        if (!elsewhere?.takesResponse(message, source)) this.receiveResponse(message)
      } else this.#refuse(message, source)
    } catch (error) {
      this.#reportBug(source, error)
    }
  }

  /** A message that another process took from the network and found to be for this one. */
  receiveForwarded(octets: Buffer, source: Hop): void {
    try {
      const message = parseMessage(octets)
      if (message?.kind === 'request') this.receiveRequest(message, source)
      else if (message?.kind === 'response') this.receiveResponse(message)
    } catch (error) {
      this.#reportBug(source, error)
    }
  }

  /** A bug costs the message that found it, not the link or the worker that brought it. */
  #reportBug(source: Hop, error: unknown): void {
    this.#options.log.error('bug while receiving', { source: `${source.transport} ${formatHop(source)}`, error })
  }

  receiveRequest(request: SipRequest, source: Hop): void {
    const { statistics, admission, layer, forwarder } = this.#options
    statistics.requestIn(request.method)
    const verdict = admission.admit(request.method, source)
    if (verdict !== 'admitted') {
      statistics.refusedFlood++
      // A retransmission is passed over: a 503 would end what is under way.
      if (verdict === 'refused' && !layer.knows(transactionKey(request, request.method)))
        layer.answerStateless(request, source, 503, 'too many requests from one address', [
          { name: 'Retry-After', value: '5' },
        ])
      return
    }
    if (!forwarder.policy.stateful && !this.#isClosedTo(request) && this.#forwardStateless(request, source)) return
    layer.receiveRequest(request, source)
  }

  receiveResponse(response: SipResponse): void {
    const { statistics, layer, identity, forwarder } = this.#options
    statistics.responseIn(response.cseqMethod, response.status)
    // §18.1.2: a response whose topmost Via is not ours went astray.
    if (!identity.isThisHost(response.via.host, response.via.port)) statistics.discarded++
    else if (!layer.receiveResponse(response) && !(!forwarder.policy.stateful && this.#returnStateless(response)))
      statistics.discarded++
  }

  // TransactionUser

  onRequest(transaction: ServerTransaction): void {
    const { request } = transaction
    if (request.method === 'CANCEL') this.#cancel(transaction)
    else if (!this.#refuseWhileClosing(transaction)) this.#route(transaction)
  }

  onAck(request: SipRequest, source: Hop): void {
    if (request.maxForwards === 0) return
    const target = this.#oneTarget(request, source)
    if (target) this.#options.forwarder.forwardStateless(request, source, target.routing, target.target)
  }

  onAnswered(transaction: ServerTransaction, status: number, octets: number): void {
    this.#contexts.delete(transaction)
    const { statistics } = this.#options
    if (transaction.request.method === 'INVITE') {
      if (status < 300) statistics.callsAnswered++
      else if (status !== 487) statistics.callsFailed++
    }
    this.#options.onAnswered(transaction, status, octets)
  }

  #isClosedTo(request: SipRequest): boolean {
    if (this.openness === 'open') return false
    // A re-INVITE belongs to a call that is under way.
    return request.method === 'REGISTER' || (request.method === 'INVITE' && !hasToTag(request))
  }

  #refuseWhileClosing(transaction: ServerTransaction): boolean {
    const { request } = transaction
    if (!this.#isClosedTo(request)) return false
    if (this.openness === 'refusing')
      transaction.respond(503, 'Service Unavailable', [
        { name: 'Retry-After', value: String(this.#options.admission.retryAfterSeconds) },
      ])
    else transaction.abandon()
    return true
  }

  /** §16.10. */
  #cancel(transaction: ServerTransaction): void {
    const { layer } = this.#options
    const invite = layer.findInvite(transaction.request)
    if (!invite) {
      transaction.respond(481, 'Call/Transaction Does Not Exist')
      return
    }
    transaction.respond(200, 'OK')
    if (invite === 'held') return // it has its final response: there is nothing to cancel (§9.2)
    const context = this.#contexts.get(invite)
    if (context) context.cancel()
    // Its user is still waited for.
    else if (!invite.isFinal) invite.respond(487, 'Request Terminated')
  }

  #route(transaction: ServerTransaction): void {
    const { request, source } = transaction
    const { identity } = this.#options
    const refusal = this.#check(request)
    if (refusal) {
      transaction.respond(refusal.status, refusal.reason, refusal.headers)
      return
    }
    const routing = preprocessRoutes(request, source, identity)
    const uri = uriOf(routing, request)
    if (!uri) {
      transaction.respond(unreadableRoute.status, unreadableRoute.reason)
      return
    }
    if (
      routing.routes.length === 0 &&
      identity.isOurs(uri) &&
      (request.method === 'REGISTER' || uri.user === undefined)
    ) {
      this.#answerHere(transaction)
      return
    }
    if (request.maxForwards === 0) {
      transaction.respond(483, 'Too Many Hops')
      return
    }
    const targets = this.#targetsOf(routing, uri)
    const { settleMs = 0 } = this.#options
    if (targets) this.#proceed(transaction, routing, targets)
    else if (settleMs === 0) refuseUnknown(transaction)
    else {
      // The registration may be on its way here from the worker that took it.
      this.#options.layer.clock.after(settleMs, () => {
        if (transaction.isFinal) return
        try {
          const settled = this.#targetsOf(routing, uri)
          if (settled) this.#proceed(transaction, routing, settled)
          else refuseUnknown(transaction)
        } catch (error) {
          this.#reportBug(transaction.source, error)
        }
      })
    }
  }

  #proceed(transaction: ServerTransaction, routing: Routing, targets: readonly Target[]): void {
    const { request } = transaction
    const { forwarder } = this.#options
    if (targets.length === 0) {
      transaction.respond(noTarget.status, noTarget.reason)
      return
    }
    if (forwarder.policy.redirect) {
      const { status, reason, headers } = redirection(request, targets)
      transaction.respond(status, reason, headers)
      return
    }
    const isSips = /^sips:/i.test(request.requestUri)
    // §16.2: so that upstream does not send it again while the user is looked for.
    if (request.method === 'INVITE') transaction.respond(100, 'Trying')
    const context = new ResponseContext(forwarder, transaction, routing, targets, (target) =>
      this.#redirected(target, isSips),
    )
    this.#contexts.set(transaction, context)
    transaction.onGone = () => {
      this.#contexts.delete(transaction)
      context.cancel()
    }
    context.advance()
  }

  /** §16.3, in its order. */
  #check(request: SipRequest): Refusal | undefined {
    const { statistics, identity, forwarder, log } = this.#options
    if (!/^(?:sips?|tel):/i.test(request.requestUri)) {
      statistics.unsupportedUris++
      return { status: 416, reason: 'Unsupported URI Scheme' }
    }
    if (!request.uri) return { status: 400, reason: 'the Request-URI is not a SIP URI' }
    if (isLoop(request, identity)) {
      log.info('a request went in a loop', { method: request.method, requestUri: request.requestUri.slice(0, 200) })
      return { status: 482, reason: 'Loop Detected' }
    }
    const unsupported = request
      .elements(H.proxyRequire)
      .filter((tag) => !forwarder.policy.ignoredExtensions.has(tag.toLowerCase()))
    if (unsupported.length > 0) return badExtension(unsupported)
    return undefined
  }

  /** Requests to the server itself. */
  #answerHere(transaction: ServerTransaction): void {
    const { request, source } = transaction
    const { registrar, statistics, debug } = this.#options
    const required = request.elements(H.require)
    const unsupported =
      request.method === 'REGISTER' ? required.filter((tag) => tag.toLowerCase() !== 'path') : required
    if (unsupported.length > 0) {
      const { status, reason, headers } = badExtension(unsupported)
      transaction.respond(status, reason, headers)
      return
    }
    if (request.method === 'REGISTER' && registrar) {
      const { status, reason, headers } = registrar.register(request, source)
      if (debug.Registry.on) {
        const contacts = request.elements(H.contact).join(', ')
        debug.Registry.write('a registration was answered', { to: request.value(H.to), contacts, status, reason })
      }
      if (status < 300) statistics.acceptedRegistrations++
      else statistics.rejectedRegistrations++
      transaction.respond(status, reason, headers)
    } else if (request.method === 'OPTIONS') {
      transaction.respond(200, 'OK', [allow, { name: 'Accept', value: 'application/sdp' }])
    } else if (hasToTag(request)) {
      // Something of a dialog that nobody has here.
      transaction.respond(481, 'Call/Transaction Does Not Exist')
    } else {
      statistics.unsupportedMethods++
      transaction.respond(405, 'Method Not Allowed', [allow])
    }
  }

  /** §16.5. Undefined when the user should be ours and is not. */
  #targetsOf(routing: Routing, uri: SipUri): readonly Target[] | undefined {
    const { identity, users } = this.#options
    if (!identity.isOurs(uri)) return [{ uri: routing.requestUri, flow: undefined, path: [], q: 1000 }]
    const targets = users.targetsOf(identity.addressOfRecord(uri))
    return uri.scheme === 'sips' ? targets?.filter((target) => this.#mayEnd(target)) : targets
  }

  /** §26.2.2: a sips: request ends at a sips: contact, or where a phone connected over TLS (AllowSipTlsConversionToSip). */
  #mayEnd({ uri, flow }: Target): boolean {
    return this.#options.forwarder.policy.allowsSipsToSip || /^sips:/i.test(uri) || flow?.transport === 'TLS'
  }

  /** A contact of a 3xx: itself, or where that user of ours is (§16.5). */
  #redirected(target: Target, isSips: boolean): readonly Target[] {
    const { identity, users } = this.#options
    const uri = parseRequestUri(target.uri)
    const targets =
      uri?.user === undefined || !identity.isOurs(uri)
        ? [target]
        : (users.targetsOf(identity.addressOfRecord(uri)) ?? [])
    return isSips ? targets.filter((one) => this.#mayEnd(one)) : targets
  }

  #oneTarget(request: SipRequest, source: Hop): { routing: Routing; target: Target } | undefined {
    const routing = preprocessRoutes(request, source, this.#options.identity)
    const uri = uriOf(routing, request)
    const target = uri && this.#targetsOf(routing, uri)?.[0]
    return target && { routing, target }
  }

  /** §16.11. False for what is answered here, which a transaction does. */
  #forwardStateless(request: SipRequest, source: Hop): boolean {
    const { identity, layer, forwarder } = this.#options
    const refuse = ({ status, reason, headers }: Refusal): true => {
      if (request.method !== 'ACK') layer.answerStateless(request, source, status, reason, headers)
      return true
    }
    const refusal = this.#check(request)
    if (refusal) return refuse(refusal)
    const routing = preprocessRoutes(request, source, identity)
    const uri = uriOf(routing, request)
    if (!uri) return refuse(unreadableRoute)
    if (
      routing.routes.length === 0 &&
      identity.isOurs(uri) &&
      (request.method === 'REGISTER' || uri.user === undefined)
    )
      return false
    if (request.maxForwards === 0) return refuse({ status: 483, reason: 'Too Many Hops' })
    const targets = this.#targetsOf(routing, uri)
    if (!targets) return refuse({ status: 404, reason: 'the user is not known here' })
    const [target] = targets
    if (!target) return refuse(noTarget)
    if (forwarder.policy.redirect) return refuse(redirection(request, targets))
    forwarder.forwardStateless(request, source, routing, target)
    return true
  }

  #returnStateless(response: SipResponse): boolean {
    const via = secondVia(response)
    const { layer, statistics, identity } = this.#options
    const ours = response.text.slice(response.via.start, response.via.end)
    const target = via && viaTarget(via)
    if (!target) return false
    const { listener, connection } = cameBy(ours) ?? {
      listener: identity.listenerFor(target.transport, target.address, 0) ?? 0,
      connection: undefined,
    }
    statistics.responseOut(response.cseqMethod, response.status)
    layer.sender.send(withoutTopmostVia(response), { ...target, listener, connection })
    return true
  }

  /** An answer to what could not be read, where one can be formed; an ACK is never answered. */
  #refuse(malformed: Malformed, source: Hop): void {
    const { statistics, layer, admission } = this.#options
    const { method, via, status, reason } = malformed
    statistics.malformed++
    if (method === undefined || method === 'ACK') return
    if (admission.admit('malformed', source) !== 'admitted') {
      statistics.refusedFlood++
      return
    }
    statistics.requestIn(method)
    statistics.responseOut(method, status)
    // Where no Via can be read, the answer goes back where the request came from.
    layer.sender.send(
      formatResponse(malformed.parts, via, source, layer.tagFor(malformed.parts.text), status, reason),
      via ? responseTarget(via, source) : source,
    )
  }
}

/** What was read of a message, for DebugFlag Parser. */
function described(message: ReturnType<typeof parseMessage>, octets: Buffer, source: Hop): Record<string, unknown> {
  const from = `${source.transport} ${formatHop(source)}`
  if (message === undefined) return { from, octets: octets.length, as: 'no message' }
  const common = { from, octets: octets.length, as: message.kind }
  switch (message.kind) {
    case 'request':
      return { ...common, method: message.method, requestUri: message.requestUri, callId: message.value(H.callId) }
    case 'response':
      return { ...common, status: message.status, method: message.cseqMethod, callId: message.value(H.callId) }
    case 'malformed':
      return { ...common, status: message.status, reason: message.reason }
  }
}

function uriOf({ requestUri }: Routing, request: SipRequest): SipUri | undefined {
  return requestUri === request.requestUri ? request.uri : parseRequestUri(requestUri)
}

/** §16.4: the last Route stood for the Request-URI, and is none. */
const unreadableRoute: Refusal = { status: 416, reason: 'the last Route is no SIP URI' }

function refuseUnknown(transaction: ServerTransaction): void {
  transaction.respond(404, 'the user is not known here')
}

interface Refusal {
  readonly status: number
  readonly reason: string
  readonly headers?: readonly ExtraHeader[]
}

/** Contacts there are, but none that a sips: request may go to. */
const noTarget: Refusal = { status: 480, reason: 'the user has no contact that may be reached' }

/** A redirect server says where its users are; of other domains it knows no more than who asks (§21.4.5). */
function redirection({ requestUri }: SipRequest, targets: readonly Target[]): Refusal {
  if (targets.every(({ uri }) => uri === requestUri))
    return { status: 404, reason: 'the domain is not one of this server' }
  return { status: 302, reason: 'Moved Temporarily', headers: redirectContacts(targets) }
}

function badExtension(tags: readonly string[]): Required<Refusal> {
  return { status: 420, reason: 'Bad Extension', headers: [{ name: 'Unsupported', value: tags.join(', ') }] }
}
