/** The proxy core, RFC 3261 §16: what is done with a request, once its transaction has it. */
import { limitedLog } from '../../lib/log/limited-log.ts'
import type { Log } from '../../lib/log/log.ts'
import type { FaultGuard } from '../../lib/process/fault-guard.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { type Call, uriOf } from '../calls/call.ts'
import type { EstablishedCalls } from '../calls/established.ts'
import type { DebugLog } from '../log/error-log.ts'
import { withoutTopmostVia } from '../message/forward.ts'
import { H } from '../message/header-names.ts'
import { type Hop, hopText } from '../message/hop.ts'
import type { SipRequest, SipResponse } from '../message/message.ts'
import { type Malformed, type Parsed, parseMessage, refusedHead, secondVia } from '../message/parse.ts'
import { type Answer, formatRefusal, hasToTag, headersOf, responseTarget, viaTarget } from '../message/respond.ts'
import type { Admission } from '../proxy/admission.ts'
import { readCameBy } from '../proxy/came-by.ts'
import type { Forwarder } from '../proxy/forwarder.ts'
import { ResponseContext } from '../proxy/response-context.ts'
import type { Signer } from '../proxy/signer.ts'
import { type TransactionLayer, type TransactionUser, transactionKey } from '../transaction/layer.ts'
import type { MessageTransport } from '../transaction/parts.ts'
import type { ServerTransaction } from '../transaction/server.ts'
import { flood, type Openness } from './admit.ts'
import { Pipeline, type PipelineOptions } from './pipeline.ts'
import type { Arrival, RoutedRequest } from './request.ts'
import type { Verdict } from './step.ts'
import {
  AckTraveller,
  type Handling,
  type StatelessHandling,
  StatelessTraveller,
  TransactionTraveller,
} from './travellers.ts'

/** Other processes with the same ports; asked before anything is done with a message. True when it is theirs, and sent to them. */
export interface Elsewhere {
  takesRequest(request: SipRequest, source: Hop): boolean
  takesResponse(response: SipResponse, source: Hop): boolean
}

export interface ProxyCoreOptions extends Omit<PipelineOptions, 'openness' | 'retryAfterSeconds'> {
  readonly clock: Clock
  readonly layer: TransactionLayer
  readonly transport: MessageTransport
  readonly forwarder: Forwarder
  /** Undefined where sipd does not stay in the path of a call, and would not see it end. */
  readonly calls: EstablishedCalls | undefined
  readonly signer: Signer
  readonly admission: Admission
  readonly faults: FaultGuard
  readonly debug: DebugLog
  readonly elsewhere?: Elsewhere
  /** Told of each final response to a request, for the access log. */
  readonly onAnswered: (transaction: ServerTransaction, status: number, response: string) => void
}

export class ProxyCore implements TransactionUser, Handling, StatelessHandling {
  openness: Openness = 'open'
  readonly #options: ProxyCoreOptions
  readonly #flood: (arrival: Arrival) => Verdict
  readonly #pipeline: Pipeline
  readonly #log: Log
  readonly #contexts = new Map<ServerTransaction, ResponseContext>()
  /** Requests that wait for one of their steps. */
  readonly #waiting = new Map<ServerTransaction, TransactionTraveller>()

  constructor(options: ProxyCoreOptions) {
    this.#options = options
    const { admission, statistics, layer } = options
    this.#log = limitedLog(options.log, options.clock)
    this.#flood = flood({
      admission,
      statistics,
      belongs: ({ request }) => this.#belongs(request),
      isRetransmission: ({ request }) => layer.knows(transactionKey(request, request.method)),
    })
    const { retryAfterSeconds } = admission
    this.#pipeline = new Pipeline({ ...options, openness: () => this.openness, retryAfterSeconds })
  }

  /** Requests that branches are under way for. */
  get contexts(): number {
    return this.#contexts.size
  }

  /** Calls that are being set up: INVITEs that begin a dialog, and have no final response yet. */
  *callsBeingSetUp(): IterableIterator<Call> {
    for (const { request, isFinal, status, startedMs } of this.#setUp()) {
      if (request.method !== 'INVITE' || isFinal || hasToTag(request)) continue
      yield {
        state: status > 100 ? 'ringing' : 'trying',
        callId: request.callId,
        from: uriOf(request.from),
        to: uriOf(request.to),
        sinceMs: startedMs,
      }
    }
  }

  *#setUp(): IterableIterator<ServerTransaction> {
    yield* this.#waiting.keys()
    yield* this.#contexts.keys()
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
        if (!elsewhere?.takesResponse(message, source)) this.receiveResponse(message, source)
      } else if (message.kind === 'unreadable') this.#drop(message.startLine, message.callId, message.why, source)
      else this.#refuseMalformed(message, source)
    } catch (error) {
      this.#options.faults.report('receiving', error, from(source))
    }
  }

  /** The beginning of a message on a stream: nobody knows where it ends, and the stream with it. */
  receiveUnframed(head: Buffer, status: number, why: string, source: Hop): void {
    const refused = refusedHead(head, status, why)
    if (refused?.kind === 'malformed') this.#refuseMalformed(refused, source)
    else if (refused) this.#drop(refused.startLine, refused.callId, why, source)
    else this.#options.statistics.malformed++
  }

  /** A message that another process took from the network and found to be for this one. */
  receiveForwarded(octets: Buffer, source: Hop): void {
    try {
      const message = parseMessage(octets)
      if (message?.kind === 'request') this.receiveRequest(message, source)
      else if (message?.kind === 'response') this.receiveResponse(message, source)
    } catch (error) {
      this.#options.faults.report('receiving', error, from(source))
    }
  }

  receiveRequest(request: SipRequest, source: Hop): void {
    this.#options.statistics.requestIn(request.method)
    const arrival = { request, source }
    const verdict = this.#flood(arrival)
    if (verdict === 'drop') return
    if (verdict === 'goOn') this.#admit(arrival)
    else this.answerStateless(arrival, verdict)
  }

  #admit(arrival: Arrival): void {
    if (this.#options.forwarder.policy.stateful) this.begin(arrival)
    else this.#pipeline.take(arrival, new StatelessTraveller(arrival, this))
  }

  /** Whether a request is of a transaction or a call that is known here. */
  #belongs(request: SipRequest): boolean {
    const { layer, calls } = this.#options
    const { method } = request
    const key = transactionKey(request, method === 'ACK' || method === 'CANCEL' ? 'INVITE' : method)
    return layer.knows(key) || calls?.has(request) === true
  }

  receiveResponse(response: SipResponse, source: Hop): void {
    const { statistics, layer, identity, forwarder } = this.#options
    const { via, cseqMethod, status, callId } = response
    statistics.responseIn(cseqMethod, status)
    const drop = (why: string): void => this.#drop(`${status} to ${cseqMethod}`, callId, why, source)
    // §18.1.2: a response whose topmost Via is not ours went astray.
    if (!identity.isThisHost(via.host, via.port)) drop('its topmost Via is not one of this server')
    else if (!layer.receiveResponse(response) && !(!forwarder.policy.stateful && this.#returnStateless(response)))
      drop('it belongs to no transaction')
  }

  /** A response that nobody is brought: whoever waits for it hears nothing, so that the operator has to. */
  #drop(response: string, callId: string | undefined, why: string, source: Hop): void {
    const { statistics } = this.#options
    statistics.discarded++
    statistics.droppedResponses++
    this.#log.notice('a response was dropped', {
      response: response.slice(0, 100),
      callId: callId?.slice(0, 100),
      why,
      ...from(source),
    })
  }

  // TransactionUser

  onRequest(transaction: ServerTransaction): void {
    if (transaction.request.method === 'CANCEL') this.#cancel(transaction)
    else
      this.#pipeline.take(transaction, new TransactionTraveller(transaction, this, this.#options.clock, this.#waiting))
  }

  onAck(request: SipRequest, source: Hop): void {
    const arrival = { request, source }
    this.#pipeline.takeAck(arrival, new AckTraveller(arrival, this))
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
    if (context) context.cancel(transaction.request.elements(H.reason))
    else if (!invite.isFinal) {
      // One of its steps is still waited for.
      this.#waiting.get(invite)?.cancel()
      invite.respond(487)
    }
  }

  // Handling, of requests that have a transaction

  /** Without a word more than once to an address that anybody may have forged; of others than INVITE each is one word. */
  answer(transaction: ServerTransaction, answer: Answer): void {
    const { status } = answer
    if (transaction.request.method !== 'INVITE' || this.#options.relay.isTrusted(transaction.source))
      transaction.respond(status, headersOf(answer))
    else transaction.respondOnce(status, headersOf(answer))
  }

  forward(transaction: ServerTransaction, routed: RoutedRequest): void {
    const { request } = transaction
    const { forwarder } = this.#options
    // §16.2: so that upstream does not send it again while the user is looked for.
    if (request.method === 'INVITE' && transaction.status === 0) transaction.respond(100)
    const context = new ResponseContext(
      forwarder,
      transaction,
      routed,
      (contact) => this.#pipeline.followed(contact, routed),
      (response) => this.#succeeded(request, response),
    )
    this.#contexts.set(transaction, context)
    transaction.onGone = () => {
      this.#contexts.delete(transaction)
      context.cancel()
    }
    context.advance()
  }

  fails(transaction: ServerTransaction, error: unknown): void {
    this.#options.faults.report('routing', error, from(transaction.source))
    if (!transaction.isFinal) transaction.respond(500)
  }

  #succeeded(request: SipRequest, response: SipResponse): void {
    const { calls } = this.#options
    if (request.method === 'INVITE') calls?.answered(request, response)
    else if (request.method === 'UPDATE') calls?.refreshed(request, response)
  }

  // StatelessHandling

  answerStateless({ request, source }: Arrival, answer: Answer): void {
    this.#options.layer.answerStateless(request, source, answer.status, headersOf(answer))
  }

  forwardStateless(routed: RoutedRequest): void {
    const [target] = routed.targets ?? []
    if (target) this.#options.forwarder.forwardStateless(routed, target)
  }

  begin({ request, source }: Arrival): void {
    this.#options.layer.receiveRequest(request, source, this)
  }

  failsStateless({ source }: Arrival, error: unknown): void {
    this.#options.faults.report('routing', error, from(source))
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
  return { source: hopText(source) }
}

/** What was read of a message, for DebugFlag Parser. */
function described(message: Parsed | undefined, octets: Buffer, source: Hop): Record<string, unknown> {
  const common = { from: from(source).source, octets: octets.length, as: message?.kind ?? 'no message' }
  if (message === undefined) return common
  switch (message.kind) {
    case 'request':
      return { ...common, method: message.method, requestUri: message.requestUri, callId: message.value(H.callId) }
    case 'response':
      return { ...common, status: message.status, method: message.cseqMethod, callId: message.value(H.callId) }
    case 'malformed':
      return { ...common, status: message.status, reason: message.reason }
    case 'unreadable':
      return { ...common, callId: message.callId, reason: message.why }
  }
}
