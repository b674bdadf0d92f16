/** The proxy core, RFC 3261 §16: what is done with a request, once its transaction has it. */
import type { FaultGuard } from '../../lib/process/fault-guard.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { type Call, uriOf } from '../calls/call.ts'
import type { EstablishedCalls } from '../calls/established.ts'
import type { DebugLog } from '../log/error-log.ts'
import { withoutTopmostVia } from '../message/forward.ts'
import { H } from '../message/header-names.ts'
import type { SipRequest, SipResponse } from '../message/message.ts'
import { type Malformed, parseMessage, secondVia } from '../message/parse.ts'
import {
  type Answer,
  type ExtraHeader,
  formatRefusal,
  headersOf,
  responseTarget,
  viaTarget,
} from '../message/respond.ts'
import { formatHop, type Hop } from '../message/source.ts'
import type { Registrar } from '../registrar/registrar.ts'
import type { SipStatistics } from '../statistics.ts'
import { type TransactionLayer, type TransactionUser, transactionKey } from '../transaction/layer.ts'
import type { MessageTransport } from '../transaction/parts.ts'
import type { ServerTransaction } from '../transaction/server.ts'
import type { Admission } from './admission.ts'
import { readCameBy } from './came-by.ts'
import { badExtension, type Destination, type Destinations, unknownUser } from './destinations.ts'
import { type Forwarder, hasToTag } from './forwarder.ts'
import type { Identity } from './identity.ts'
import type { Relay } from './relay.ts'
import { ResponseContext } from './response-context.ts'
import type { Signer } from './signer.ts'

/** Methods that mean this server itself when the Request-URI names no user. */
export const supportedMethods = ['OPTIONS', 'REGISTER', 'INVITE', 'ACK', 'CANCEL', 'BYE'] as const
const allow: ExtraHeader = { name: 'Allow', value: supportedMethods.join(', ') }

/** Other processes with the same ports; asked before anything is done with a message. True when it is theirs, and sent to them. */
export interface Elsewhere {
  takesRequest(request: SipRequest, source: Hop): boolean
  takesResponse(response: SipResponse, source: Hop): boolean
}

export interface ProxyCoreOptions {
  readonly clock: Clock
  readonly layer: TransactionLayer
  readonly transport: MessageTransport
  readonly forwarder: Forwarder
  readonly identity: Identity
  readonly registrar: Registrar | undefined
  /** Undefined where sipd does not stay in the path of a call, and would not see it end. */
  readonly calls: EstablishedCalls | undefined
  readonly destinations: Destinations
  readonly relay: Relay
  readonly signer: Signer
  readonly statistics: SipStatistics
  readonly admission: Admission
  readonly faults: FaultGuard
  readonly debug: DebugLog
  readonly elsewhere?: Elsewhere
  /** Another process may know of a registration so much earlier than this one; 0 when there is none. */
  readonly settleMs?: number
  /** Told of each final response to a request, for the access log. */
  readonly onAnswered: (transaction: ServerTransaction, status: number, response: string) => void
}

/** `refusing` while a transaction-graceful restart is near: new INVITE and REGISTER get 503; `silent`: they get nothing. */
export type Openness = 'open' | 'refusing' | 'silent'

export class ProxyCore implements TransactionUser {
  openness: Openness = 'open'
  readonly #options: ProxyCoreOptions
  readonly #contexts = new Map<ServerTransaction, ResponseContext>()

  constructor(options: ProxyCoreOptions) {
    this.#options = options
  }

  /** Requests that branches are under way for. */
  get contexts(): number {
    return this.#contexts.size
  }

  /** Calls that are being set up: INVITEs that begin a dialog, and have no final response yet. */
  *callsBeingSetUp(): IterableIterator<Call> {
    for (const { request, isFinal, status, startedMs } of this.#contexts.keys()) {
      if (request.method !== 'INVITE' || isFinal || hasToTag(request)) continue
      yield {
        state: status > 100 ? 'ringing' : 'trying',
        callId: request.value(H.callId)!,
        from: uriOf(request.value(H.from)!),
        to: uriOf(request.value(H.to)!),
        sinceMs: startedMs,
      }
    }
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
      } else this.#refuseMalformed(message, source)
    } catch (error) {
      this.#options.faults.report('receiving', error, from(source))
    }
  }

  /** A message that another process took from the network and found to be for this one. */
  receiveForwarded(octets: Buffer, source: Hop): void {
    try {
      const message = parseMessage(octets)
      if (message?.kind === 'request') this.receiveRequest(message, source)
      else if (message?.kind === 'response') this.receiveResponse(message)
    } catch (error) {
      this.#options.faults.report('receiving', error, from(source))
    }
  }

  receiveRequest(request: SipRequest, source: Hop): void {
    const { statistics, admission, layer, forwarder } = this.#options
    statistics.requestIn(request.method)
    const verdict = admission.admit(request.method, source, () => this.#belongs(request))
    if (verdict !== 'admitted') {
      statistics.refusedFlood++
      // A retransmission is passed over: a 503 would end what is under way. An ACK is never answered.
      if (verdict === 'refused' && request.method !== 'ACK' && !layer.knows(transactionKey(request, request.method)))
        layer.answerStateless(request, source, 503, [{ name: 'Retry-After', value: '5' }])
      return
    }
    if (!forwarder.policy.stateful && !this.#isClosedTo(request) && this.#forwardStateless(request, source)) return
    layer.receiveRequest(request, source, this)
  }

  /** Whether a request is of a transaction or a call that is known here. */
  #belongs(request: SipRequest): boolean {
    const { layer, calls } = this.#options
    const { method } = request
    const key = transactionKey(request, method === 'ACK' || method === 'CANCEL' ? 'INVITE' : method)
    return layer.knows(key) || calls?.has(request) === true
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
    else if (!this.#refuseWhileClosing(transaction)) this.#route(transaction, !this.#options.settleMs)
  }

  onAck(request: SipRequest, source: Hop): void {
    const { destinations, forwarder } = this.#options
    const found = destinations.ofAck(request, source)
    if (found) forwarder.forwardStateless(request, source, found, found.target)
  }

  onAnswered(transaction: ServerTransaction, status: number, response: string): void {
    this.#contexts.delete(transaction)
    const { statistics, calls } = this.#options
    const { request } = transaction
    if (request.method === 'INVITE') {
      if (status < 300) statistics.callsAnswered++
      else if (status !== 487) statistics.callsFailed++
    } else if (request.method === 'BYE') calls?.byeAnswered(request, status)
    this.#options.onAnswered(transaction, status, response)
  }

  #isClosedTo(request: SipRequest): boolean {
    if (this.openness === 'open') return false
    // A re-INVITE belongs to a call that is under way.
    return request.method === 'REGISTER' || (request.method === 'INVITE' && !hasToTag(request))
  }

  #refuseWhileClosing(transaction: ServerTransaction): boolean {
    const { request } = transaction
    if (!this.#isClosedTo(request)) return false
    const retryAfter = { name: 'Retry-After', value: String(this.#options.admission.retryAfterSeconds) }
    if (this.openness === 'refusing') this.#refuse(transaction, { status: 503, headers: [retryAfter] })
    else transaction.abandon()
    return true
  }

  /** §16.10. */
  #cancel(transaction: ServerTransaction): void {
    const { layer } = this.#options
    const invite = layer.findInvite(transaction.request)
    if (!invite) {
      transaction.respond(481)
      return
    }
    transaction.respond(200)
    if (invite === 'held') return // it has its final response: there is nothing to cancel (§9.2)
    const context = this.#contexts.get(invite)
    if (context) context.cancel()
    // Its user is still waited for.
    else if (!invite.isFinal) invite.respond(487)
  }

  /** `isSettled`: what the other workers knew of registrations is known here too. */
  #route(transaction: ServerTransaction, isSettled: boolean): void {
    const { request, source } = transaction
    const { destinations } = this.#options
    const destination = destinations.of(request, source)
    if (destination.kind === 'here') this.#answerHere(transaction)
    else if (destination.kind === 'targets') this.#forward(transaction, destination)
    else if (destination === unknownUser && !isSettled) this.#routeSettled(transaction)
    else this.#refuse(transaction, destination.answer)
  }

  /** Without a word more than once to an address that anybody may have forged. */
  #refuse(transaction: ServerTransaction, answer: Answer): void {
    if (this.#options.relay.isTrusted(transaction.source)) respond(transaction, answer)
    else transaction.respondOnce(answer.status, headersOf(answer))
  }

  /** The registration may be on its way here from the worker that took it. */
  #routeSettled(transaction: ServerTransaction): void {
    const { clock, faults, settleMs = 0 } = this.#options
    clock.after(settleMs, () => {
      if (transaction.isFinal) return
      const isDone = faults.run('routing', () => this.#route(transaction, true), from(transaction.source))
      if (!isDone && !transaction.isFinal) transaction.respond(500)
    })
  }

  #forward(transaction: ServerTransaction, destination: Extract<Destination, { kind: 'targets' }>): void {
    const { request } = transaction
    const { forwarder, destinations } = this.#options
    const { targets, contacts, passage } = destination
    const isSips = /^sips:/i.test(request.requestUri)
    // §16.2: so that upstream does not send it again while the user is looked for.
    if (request.method === 'INVITE') transaction.respond(100)
    const context = new ResponseContext(
      forwarder,
      transaction,
      destination,
      targets,
      (target) => destinations.ofContact(target, isSips, contacts, passage),
      (response) => this.#succeeded(request, response),
    )
    this.#contexts.set(transaction, context)
    transaction.onGone = () => {
      this.#contexts.delete(transaction)
      context.cancel()
    }
    context.advance()
  }

  #succeeded(request: SipRequest, response: SipResponse): void {
    const { calls } = this.#options
    if (request.method === 'INVITE') calls?.answered(request, response)
    else if (request.method === 'UPDATE') calls?.refreshed(request, response)
  }

  /** Requests to the server itself. */
  #answerHere(transaction: ServerTransaction): void {
    const { request, source } = transaction
    const { registrar, statistics, debug } = this.#options
    const required = request.elements(H.require)
    const unsupported =
      request.method === 'REGISTER' ? required.filter((tag) => tag.toLowerCase() !== 'path') : required
    if (unsupported.length > 0) {
      this.#refuse(transaction, badExtension(unsupported))
      return
    }
    if (request.method === 'REGISTER' && registrar) {
      const answer = registrar.register(request, source)
      const { status, detail } = answer
      if (debug.Registry.on) {
        const contacts = request.elements(H.contact).join(', ')
        debug.Registry.write('a registration was answered', { to: request.value(H.to), contacts, status, detail })
      }
      if (status < 300) statistics.acceptedRegistrations++
      else statistics.rejectedRegistrations++
      respond(transaction, answer)
    } else if (request.method === 'OPTIONS') {
      transaction.respond(200, [allow, { name: 'Accept', value: 'application/sdp' }])
    } else if (hasToTag(request)) {
      // Something of a dialog that nobody has here.
      this.#refuse(transaction, { status: 481 })
    } else {
      statistics.unsupportedMethods++
      this.#refuse(transaction, { status: 405, headers: [allow] })
    }
  }

  /** §16.11. False for what is answered here, which a transaction does. */
  #forwardStateless(request: SipRequest, source: Hop): boolean {
    const { destinations, layer, forwarder } = this.#options
    const destination = destinations.of(request, source)
    if (destination.kind === 'here') return false
    if (destination.kind === 'targets')
      forwarder.forwardStateless(request, source, destination, destination.targets[0]!)
    else if (request.method !== 'ACK')
      layer.answerStateless(request, source, destination.answer.status, headersOf(destination.answer))
    return true
  }

  #returnStateless(response: SipResponse): boolean {
    const via = secondVia(response)
    const { transport, signer } = this.#options
    const ours = response.text.slice(response.via.start, response.via.end)
    const target = via && viaTarget(via)
    const back = target && readCameBy(ours, target, signer)
    // Whoever writes our Via without our mark has an answer to nothing that was forwarded here.
    if (!back) return false
    transport.sendResponse(response.cseqMethod, response.status, withoutTopmostVia(response), { ...target, ...back })
    return true
  }

  /** An answer to what could not be read, where one can be formed; an ACK is never answered. */
  #refuseMalformed(malformed: Malformed, source: Hop): void {
    const { statistics, layer, admission, transport } = this.#options
    const { method, via, status, reason: detail } = malformed
    statistics.malformed++
    if (method === undefined || method === 'ACK') return
    if (admission.admit('malformed', source) !== 'admitted') {
      statistics.refusedFlood++
      return
    }
    statistics.requestIn(method)
    // Where no Via can be read, the answer goes back where the request came from.
    transport.sendResponse(
      method,
      status,
      formatRefusal(malformed.parts, via, source, layer.tagFor(malformed.parts.text), { status, detail }),
      via ? responseTarget(via, source) : source,
    )
  }
}

function from(source: Hop): { readonly source: string } {
  return { source: `${source.transport} ${formatHop(source)}` }
}

/** What was read of a message, for DebugFlag Parser. */
function described(message: ReturnType<typeof parseMessage>, octets: Buffer, source: Hop): Record<string, unknown> {
  const common = { from: from(source).source, octets: octets.length, as: message?.kind ?? 'no message' }
  if (message === undefined) return common
  switch (message.kind) {
    case 'request':
      return { ...common, method: message.method, requestUri: message.requestUri, callId: message.value(H.callId) }
    case 'response':
      return { ...common, status: message.status, method: message.cseqMethod, callId: message.value(H.callId) }
    case 'malformed':
      return { ...common, status: message.status, reason: message.reason }
  }
}

function respond(transaction: ServerTransaction, answer: Answer): void {
  transaction.respond(answer.status, headersOf(answer))
}
