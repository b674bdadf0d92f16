/** The transaction layer, RFC 3261 §17: finds the transaction that a message belongs to, or begins one. */
import { createHash } from 'node:crypto'
import type { Clock } from '../../lib/time/clock.ts'
import type { Account } from '../account/account.ts'
import { reserveFactor, type Share } from '../account/ledger.ts'
import type { DebugLog } from '../log/error-log.ts'
import { withoutTopmostVia } from '../message/forward.ts'
import { H } from '../message/header-names.ts'
import type { Hop } from '../message/hop.ts'
import type { SipRequest, SipResponse } from '../message/message.ts'
import { reasonPhrase } from '../message/reason.ts'
import { type ExtraHeader, formatResponse, responseTarget } from '../message/respond.ts'
import type { SipStatistics } from '../statistics/statistics.ts'
import { type ClientParts, ClientTransaction, type ClientUser, type Departure } from './client.ts'
import { type KeyHash, type KeyHasher, tagOf } from './hash.ts'
import type { HeldTransactions } from './held.ts'
import { eventOf, type HeldState } from './machines.ts'
import { octetsOfRequest, octetsOfSent } from './octets.ts'
import type { MessageTransport, Timers, TransactionParts } from './parts.ts'
import { ServerTransaction, type ServerUser } from './server.ts'

/** Who decides about requests; declared here, implemented by the proxy core. */
export interface TransactionUser extends ServerUser {
  onRequest(transaction: ServerTransaction): void
  /** The ACK of a 2xx, which is no part of any transaction (§13.2.2.4). */
  onAck(request: SipRequest, source: Hop): void
}

export interface TransactionLayerOptions {
  readonly clock: Clock
  readonly transport: MessageTransport
  readonly timers: Timers
  readonly held: HeldTransactions
  readonly hasher: KeyHasher
  readonly statistics: SipStatistics
  readonly debug: DebugLog
  /** Live ones kept at most; more get 503 without any state. */
  readonly maxTransactions: number
  /** Where their octets are entered; a request that there is no room for gets 503 likewise. */
  readonly account: Account
  readonly retryAfterSeconds: number
}

const magicCookie = 'z9hG4bK'
const longestKey = 1024
/** What ends a call, or a wait for one, has the reserve of a full share. */
const ending: ReadonlySet<string> = new Set(['CANCEL', 'BYE'])

export class TransactionLayer {
  readonly #options: TransactionLayerOptions
  readonly #servers = new Map<string, ServerTransaction>()
  readonly #clients = new Map<string, ClientTransaction>()
  /** CANCELs have the branch of what they cancel (§9.1). */
  readonly #cancels = new Map<string, ClientTransaction>()
  readonly #serverParts: TransactionParts<ServerTransaction>
  readonly #clientParts: ClientParts

  constructor(options: TransactionLayerOptions) {
    this.#options = options
    const { transport, timers, held, hasher } = options
    const common = { transport, timers, held, holding: options.account.transactions, debug: options.debug.StateMachine }
    this.#serverParts = { ...common, onEnded: ({ key }) => this.#servers.delete(key) }
    this.#clientParts = { ...common, hasher, onEnded: (client) => this.#table(client).delete(client.branch) }
  }

  /** Those that are still under way. */
  get live(): number {
    return this.#servers.size + this.#clients.size + this.#cancels.size
  }

  /** The server transactions under way. */
  servers(): IterableIterator<ServerTransaction> {
    return this.#servers.values()
  }

  /** A To tag for the answer to what is no request that could be kept. */
  tagFor(text: string): string {
    return tagOf(this.#options.hasher.hash(text))
  }

  /** Whether a request belongs to a transaction here, be it finished. */
  knows(key: string): boolean {
    return this.#servers.has(key) || this.#heldAs(key) !== undefined
  }

  /** What it begins is for the user; what belongs to a transaction is for that. */
  receiveRequest(request: SipRequest, source: Hop, user: TransactionUser): void {
    const { method } = request
    const key = transactionKey(request, method === 'ACK' ? 'INVITE' : method)
    const live = this.#servers.get(key)
    if (live) {
      if (method !== 'ACK') this.#options.statistics.retransmissionsIn++
      live.receive(method === 'ACK' ? 'ack' : 'request')
      return
    }
    const hash = this.#options.hasher.hash(key)
    const state = this.#options.held.stateOf(hash)
    if (state) this.#receiveLate(request, source, user, state, hash)
    else if (method !== 'ACK') this.#begin(request, source, user, key, hash)
    // The ACK of an answer that was given here without state ends where that began.
    else if (request.value(H.to)?.includes(`tag=${tagOf(hash)}`) !== true) user.onAck(request, source)
  }

  /** For a server transaction that is held. */
  #receiveLate(request: SipRequest, source: Hop, user: TransactionUser, state: HeldState, hash: KeyHash): void {
    const { statistics, held, transport } = this.#options
    const event = request.method === 'ACK' ? 'ack' : 'request'
    if (event === 'request') statistics.retransmissionsIn++
    if (state.of !== 'server') return
    for (const action of state.row[event]?.actions ?? []) {
      if (action === 'passAck') user.onAck(request, source)
      if (action === 'sendAgain') {
        const again = held.resendOf(hash)
        if (again) transport.sendAgain(again.text, again.hop)
      }
    }
  }

  #begin(request: SipRequest, source: Hop, user: TransactionUser, key: string, hash: KeyHash): void {
    const { account, statistics, maxTransactions, retryAfterSeconds, clock } = this.#options
    const share = account.traffic.shareOf(source.address)
    if (this.#servers.size >= maxTransactions || !this.#hasRoom(request, share)) {
      statistics.refusedBusy++
      this.answerStateless(request, source, 503, [{ name: 'Retry-After', value: String(retryAfterSeconds) }])
      return
    }
    const arrival = { request, source, key, hash, startedMs: clock.monotonicMs(), share }
    const transaction = new ServerTransaction(this.#serverParts, user, arrival)
    this.#servers.set(key, transaction)
    statistics.transactions++
    try {
      user.onRequest(transaction)
    } catch (error) {
      // A bug costs this request, not the memory of one that is never answered.
      if (!transaction.isFinal) transaction.respond(500)
      throw error
    }
  }

  /** False when the response belongs to nothing here. */
  receiveResponse(response: SipResponse): boolean {
    const { branch } = response.via
    if (branch === undefined) return false
    const transactions = response.cseqMethod === 'CANCEL' ? this.#cancels : this.#clients
    const live = transactions.get(branch)
    if (live) {
      if (live.method !== response.cseqMethod) return false
      live.receive(response)
      return true
    }
    // Of others nothing is held.
    return response.cseqMethod === 'INVITE' && this.#receiveLateResponse(response, branch)
  }

  /** For a client transaction that is held; false when none is. */
  #receiveLateResponse(response: SipResponse, branch: string): boolean {
    const { held, hasher, transport } = this.#options
    const hash = hasher.hash(branch)
    const state = held.stateOf(hash)
    if (state?.of !== 'client') return state !== undefined
    for (const action of state.row[eventOf(response.status)]?.actions ?? []) {
      const kept = held.resendOf(hash)
      if (!kept) continue
      // RFC 6026 §7.2 and §16.7 step 5: every 2xx goes upstream at once, also when the transaction had one.
      if (action === 'passOn')
        transport.sendResponse(response.cseqMethod, response.status, withoutTopmostVia(response), kept.hop)
      if (action === 'acknowledgeAgain') transport.sendAgain(kept.text, kept.hop)
    }
    return true
  }

  /** Sends a request in a transaction of its own. */
  request(departure: Departure, user: ClientUser | undefined): ClientTransaction {
    const transaction = new ClientTransaction(this.#clientParts, user, departure)
    this.#table(transaction).set(departure.branch, transaction)
    transaction.start()
    return transaction
  }

  /** The INVITE that a CANCEL means (§9.2); `held` when it is finished. */
  findInvite(cancel: SipRequest): ServerTransaction | 'held' | undefined {
    const key = transactionKey(cancel, 'INVITE')
    return this.#servers.get(key) ?? (this.#heldAs(key) && 'held')
  }

  /** An answer that nothing is remembered of. */
  answerStateless(request: SipRequest, source: Hop, status: number, headers: readonly ExtraHeader[] = []): void {
    const tag = this.tagFor(transactionKey(request, request.method))
    const text = formatResponse(request, request.via, source, tag, status, reasonPhrase(status), headers)
    this.#options.transport.sendResponse(request.method, status, text, responseTarget(request.via, source))
  }

  #heldAs(key: string): HeldState | undefined {
    return this.#options.held.stateOf(this.#options.hasher.hash(key))
  }

  /** For the request itself and for what it is sent on as. */
  #hasRoom(request: SipRequest, share: Share): boolean {
    const octets = octetsOfRequest(request) + octetsOfSent(request.text)
    if (share.fits(octets)) return true
    if (ending.has(request.method) && share.fits(octets, reserveFactor)) return true
    share.refuse(this.#options.account.transactions, octets)
    return false
  }

  #table({ method }: ClientTransaction): Map<string, ClientTransaction> {
    return method === 'CANCEL' ? this.#cancels : this.#clients
  }
}

/** §17.2.3: branch, sent-by and method; for clients of RFC 2543 the headers that tell their requests apart. */
export function transactionKey(request: SipRequest, method: string): string {
  const { branch, host, port } = request.via
  // The cookie alone tells no two transactions apart (RFC 4475 §3.2.1).
  if (branch !== undefined && branch.length > magicCookie.length && branch.startsWith(magicCookie))
    return shortKey(`${branch} ${host}:${port ?? ''} ${method}`)
  // The topmost Via alone: a CANCEL has no other, and others may stand in the same line of its INVITE.
  const via = request.text.slice(request.via.start, request.via.end).trimEnd()
  return shortKey(
    `${via}\n${request.value(H.from)}\n${request.value(H.callId)}\n${request.cseqNumber} ${method}\n${request.requestUri}`,
  )
}

/**
 * Tables of long keys are large, and slow: V8 tells strings of more than 16,383 characters apart by their length alone. No usual
 * client has any.
 */
function shortKey(key: string): string {
  return key.length <= longestKey ? key : createHash('sha256').update(key, 'latin1').digest('base64')
}
