/** The transaction layer, RFC 3261 §17: finds the transaction that a message belongs to, or begins one. */
import { createHash } from 'node:crypto'
import type { Clock } from '../../lib/time/clock.ts'
import type { Account } from '../account/account.ts'
import { reserveFactor, type Share } from '../account/ledger.ts'
import type { DebugChannel, DebugLog } from '../log/error-log.ts'
import { withoutTopmostVia } from '../message/forward.ts'
import { H } from '../message/header-names.ts'
import type { SipRequest, SipResponse } from '../message/message.ts'
import { reasonPhrase } from '../message/reason.ts'
import { type ExtraHeader, formatResponse, responseTarget } from '../message/respond.ts'
import { type Hop, isReliable } from '../message/source.ts'
import type { SipStatistics } from '../statistics.ts'
import type { Sender } from '../transport/sender.ts'
import { ClientTransaction, type ClientUser } from './client.ts'
import { type KeyHasher, tagOf } from './hash.ts'
import { type HeldTransactions, heldStates } from './held.ts'
import { octetsOfRequest, octetsOfSent } from './octets.ts'
import { ServerTransaction } from './server.ts'
import type { TimerWheel } from './timer-wheel.ts'
import type { TimerValues } from './timers.ts'

/** Who decides about requests; declared here, implemented by the proxy core. */
export interface TransactionUser {
  onRequest(transaction: ServerTransaction): void
  /** The ACK of a 2xx, which is no part of any transaction (§13.2.2.4). */
  onAck(request: SipRequest, source: Hop): void
  /** The first final response left. */
  onAnswered(transaction: ServerTransaction, status: number, response: string): void
}

export interface TransactionLayerOptions {
  readonly clock: Clock
  readonly wheel: TimerWheel
  readonly sender: Sender
  readonly held: HeldTransactions
  readonly hasher: KeyHasher
  readonly timers: TimerValues
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
  readonly clock: Clock
  readonly wheel: TimerWheel
  readonly sender: Sender
  readonly held: HeldTransactions
  readonly hasher: KeyHasher
  readonly statistics: SipStatistics
  readonly debug: DebugChannel
  readonly account: Account
  timers: TimerValues
  user: TransactionUser | undefined
  readonly #options: TransactionLayerOptions
  readonly #servers = new Map<string, ServerTransaction>()
  readonly #clients = new Map<string, ClientTransaction>()
  /** CANCELs have the branch of what they cancel (§9.1). */
  readonly #cancels = new Map<string, ClientTransaction>()

  constructor(options: TransactionLayerOptions) {
    this.#options = options
    this.clock = options.clock
    this.wheel = options.wheel
    this.sender = options.sender
    this.held = options.held
    this.hasher = options.hasher
    this.statistics = options.statistics
    this.timers = options.timers
    this.account = options.account
    this.debug = options.debug.StateMachine
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
    return tagOf(this.hasher.hash(text))
  }

  /** Whether a request belongs to a transaction here, be it finished. */
  knows(key: string): boolean {
    return this.#servers.has(key) || this.held.stateOf(this.hasher.hash(key)) !== undefined
  }

  receiveRequest(request: SipRequest, source: Hop): void {
    const { method } = request
    const key = transactionKey(request, method === 'ACK' ? 'INVITE' : method)
    const live = this.#servers.get(key)
    if (live) {
      if (method === 'ACK' && live.state === 'accepted') this.user!.onAck(request, source)
      else {
        if (method !== 'ACK') this.statistics.retransmissionsIn++
        live.receive(method === 'ACK' ? 'ack' : 'request')
      }
      return
    }
    const hash = this.hasher.hash(key)
    const state = this.held.stateOf(hash)
    if (state !== undefined) {
      if (method === 'ACK') {
        if (state === heldStates.serverAccepted) this.user!.onAck(request, source)
        return
      }
      this.statistics.retransmissionsIn++
      const again = this.held.resendOf(hash)
      if (again) {
        this.statistics.retransmissionsOut++
        this.sender.send(again.text, again.hop)
      }
      return
    }
    if (method === 'ACK') {
      // Of an answer that was given here without state; it ends where that began.
      if (!request.value(H.to)!.includes(`tag=${tagOf(hash)}`)) this.user!.onAck(request, source)
      return
    }
    const share = this.account.traffic.shareOf(source.address)
    if (this.#servers.size >= this.#options.maxTransactions || !this.#hasRoom(request, share)) {
      this.statistics.refusedBusy++
      this.answerStateless(request, source, 503, [
        { name: 'Retry-After', value: String(this.#options.retryAfterSeconds) },
      ])
      return
    }
    const transaction = new ServerTransaction(this, request, source, key, hash, share)
    this.#servers.set(key, transaction)
    this.statistics.transactions++
    try {
      this.user!.onRequest(transaction)
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
    if (response.cseqMethod !== 'INVITE') return false
    const hash = this.hasher.hash(branch)
    const state = this.held.stateOf(hash)
    if (state === heldStates.clientAccepted && response.status >= 200 && response.status < 300) {
      // RFC 6026 §7.2 and §16.7 step 5: every 2xx goes upstream at once, also when the transaction had one.
      const upstream = this.held.resendOf(hash)?.hop
      if (upstream) {
        this.statistics.responseOut(response.cseqMethod, response.status)
        this.sender.send(withoutTopmostVia(response), upstream)
      }
      return true
    }
    if (state === heldStates.clientCompleted && response.status >= 300) {
      const ack = this.held.resendOf(hash)
      if (ack) this.sender.send(ack.text, ack.hop)
      return true
    }
    return state !== undefined
  }

  /** Sends a request in a transaction of its own, whose octets are held for `share`. */
  request(
    method: string,
    branch: string,
    text: string,
    hop: Hop,
    user: ClientUser | undefined,
    share: Share,
  ): ClientTransaction {
    const transaction = new ClientTransaction(this, method, branch, text, hop, user, share)
    this.#table(transaction).set(branch, transaction)
    this.statistics.requestOut(method)
    transaction.start()
    return transaction
  }

  /** The INVITE that a CANCEL means (§9.2); `held` when it is finished. */
  findInvite(cancel: SipRequest): ServerTransaction | 'held' | undefined {
    const key = transactionKey(cancel, 'INVITE')
    return this.#servers.get(key) ?? (this.held.stateOf(this.hasher.hash(key)) === undefined ? undefined : 'held')
  }

  /** An answer that nothing is remembered of. */
  answerStateless(request: SipRequest, source: Hop, status: number, headers: readonly ExtraHeader[] = []): void {
    this.statistics.responseOut(request.method, status)
    const tag = tagOf(this.hasher.hash(transactionKey(request, request.method)))
    const text = formatResponse(request, request.via, source, tag, status, reasonPhrase(status), headers)
    this.sender.send(text, responseTarget(request.via, source))
  }

  /** For the request itself and for what it is sent on as. */
  #hasRoom(request: SipRequest, share: Share): boolean {
    const octets = octetsOfRequest(request) + octetsOfSent(request.text)
    if (share.fits(octets)) return true
    if (ending.has(request.method) && share.fits(octets, reserveFactor)) return true
    share.refuse(this.account.transactions, octets)
    return false
  }

  // What transactions tell their layer.

  sendResponse(text: string, status: number, transaction: ServerTransaction): void {
    this.statistics.responseOut(transaction.request.method, status)
    this.sender.send(
      text,
      transaction.target,
      isReliable(transaction.target) ? () => transaction.transportFailed() : undefined,
    )
  }

  serverEnded(transaction: ServerTransaction): void {
    this.#servers.delete(transaction.key)
  }

  clientEnded(transaction: ClientTransaction): void {
    this.#table(transaction).delete(transaction.branch)
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
