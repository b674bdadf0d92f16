/** A server transaction (RFC 3261 §17.2): what came from upstream, and the answers it gets. */
import { reserveFactor, type Share } from '../account/ledger.ts'
import { type Hop, isReliable } from '../message/hop.ts'
import type { SipRequest } from '../message/message.ts'
import { reasonPhrase } from '../message/reason.ts'
import { type ExtraHeader, formatResponse, responseTarget } from '../message/respond.ts'
import { type KeyHash, tagOf } from './hash.ts'
import {
  eventOf,
  heldStates,
  inviteServer,
  nonInviteServer,
  type ServerAction,
  type ServerEvent,
  type ServerMachine,
  type ServerState,
} from './machines.ts'
import { octetsOfRequest } from './octets.ts'
import type { TransactionParts } from './parts.ts'
import { type TimerOwner, WheelTimer } from './timer-wheel.ts'
import { transactionTimeoutMs } from './timers.ts'

type TimerName = 'retransmit' | 'timeout'

/** Who answers; declared here, implemented above. */
export interface ServerUser {
  /** The first final response left. */
  onAnswered(transaction: ServerTransaction, status: number, response: string): void
}

export interface ServerArrival {
  readonly request: SipRequest
  readonly source: Hop
  readonly key: string
  readonly hash: KeyHash
  /** On the monotonic clock. */
  readonly startedMs: number
  /** Whom its octets are held for, and those of what it is sent on as. */
  readonly share: Share
}

export class ServerTransaction implements TimerOwner<TimerName> {
  readonly request: SipRequest
  readonly source: Hop
  readonly key: string
  readonly hash: KeyHash
  readonly startedMs: number
  /** Where the answers go. */
  readonly target: Hop
  state: ServerState | 'terminated'
  /** Told when the transaction ends before it had a final response of ours: the connection to upstream is gone. */
  onGone: (() => void) | undefined
  /** The status of the last response. */
  status = 0
  readonly share: Share
  readonly #parts: TransactionParts<ServerTransaction>
  readonly #user: ServerUser
  readonly #machine: ServerMachine
  #lastResponse = ''
  #retransmit: WheelTimer<TimerName> | undefined
  #timeout: WheelTimer<TimerName> | undefined
  /** Of timer G; 0 before its first. */
  #intervalMs = 0
  /** Entered in the account; 0 once it has left. */
  #octets: number

  constructor(parts: TransactionParts<ServerTransaction>, user: ServerUser, arrival: ServerArrival) {
    const { request, source, key, hash, startedMs, share } = arrival
    this.#parts = parts
    this.#user = user
    this.share = share
    this.#octets = octetsOfRequest(request)
    share.charge(parts.holding, this.#octets)
    this.request = request
    this.source = source
    this.key = key
    this.hash = hash
    this.target = responseTarget(request.via, source)
    this.startedMs = startedMs
    if (source.connection !== undefined) parts.transport.hold(source.connection)
    const isInvite = request.method === 'INVITE'
    this.#machine = isInvite ? inviteServer : nonInviteServer
    this.state = isInvite ? 'proceeding' : 'trying'
  }

  get isFinal(): boolean {
    return this.status >= 200
  }

  /** An answer of our own, in the words that every server has for its status. */
  respond(status: number, headers: readonly ExtraHeader[] = []): void {
    this.send(this.#format(status, headers), status)
  }

  /**
   * A final answer that is not sent again by itself, as one without state (RFC 3261 §8.2.7): who forges the source of one
   * INVITE has us send one datagram to it. The ACK is known by our tag.
   */
  respondOnce(status: number, headers: readonly ExtraHeader[] = []): void {
    this.respond(status, headers)
    this.abandon()
  }

  /** A response as it goes upstream. After a final one only further 2xx to INVITE go (§16.7 step 5). */
  send(text: string, status: number): void {
    const event = eventOf(status)
    if (!this.#machine[this.state]?.[event]) return
    const isFirstFinal = status >= 200 && !this.isFinal
    if (status > this.status) this.status = status
    if (event !== 'success' || this.request.method !== 'INVITE') this.#keepToSendAgain(text, status)
    this.#step(event, text, status)
    if (isFirstFinal) this.#user.onAnswered(this, status, text)
  }

  /** Enters octets that are held for it as long as it lives. False when there is no room, or it has left. */
  hold(octets: number): boolean {
    if (this.#octets === 0 || !this.share.take(this.#parts.holding, octets, reserveFactor)) return false
    this.#octets += octets
    return true
  }

  /** The request again, or the ACK. */
  receive(event: 'request' | 'ack'): void {
    this.#step(event)
  }

  /** Ends without an answer, or without waiting for its ACK: what comes again is a new request. */
  abandon(): void {
    this.#step('abandon')
  }

  onTimer(name: TimerName): void {
    this.#step(name)
  }

  /** For retransmissions. Where there is no room for a peer's final response, one of ours with its status has to do. */
  #keepToSendAgain(text: string, status: number): void {
    // One that ends the transaction at once is held elsewhere in a moment.
    const isLast = status >= 200 && this.request.method !== 'INVITE'
    const more = text.length - this.#lastResponse.length
    if (isLast || more <= 0 || this.hold(more)) this.#lastResponse = text
    else if (status >= 200) this.#lastResponse = this.#format(status, [])
  }

  #format(status: number, headers: readonly ExtraHeader[]): string {
    const { request, source } = this
    return formatResponse(request, request.via, source, tagOf(this.hash), status, reasonPhrase(status), headers)
  }

  /** `text` and `status` are those of a response. */
  #step(event: ServerEvent, text = '', status = 0): void {
    const transition = this.#machine[this.state]?.[event]
    if (!transition) return
    const { next, actions } = transition
    if (next !== this.state) {
      const { debug } = this.#parts
      if (debug.on) debug.write('a server transaction changes its state', { key: this.key, from: this.state, to: next })
      this.state = next
    }
    for (const action of actions) this.#act(action, text, status)
  }

  #act(action: ServerAction, text: string, status: number): void {
    const { transport } = this.#parts
    switch (action) {
      case 'send': {
        // Over a datagram nobody says that it did not arrive.
        const failed = isReliable(this.target) ? () => this.#step('transportError') : undefined
        transport.sendResponse(this.request.method, status, text, this.target, failed)
        break
      }
      case 'sendAgain':
        if (this.#lastResponse !== '') transport.sendAgain(this.#lastResponse, this.target)
        break
      case 'startG':
        this.#startG()
        break
      case 'startH':
        this.#timeout = new WheelTimer(this, 'timeout')
        this.#parts.timers.set(this.#timeout, transactionTimeoutMs(this.#parts.timers.values))
        break
      case 'absorbI':
        this.#leave()
        if (!isReliable(this.source)) this.#parts.held.hold(this.hash, heldStates.serverConfirmed)
        break
      case 'absorbJ':
        this.#leave()
        if (!isReliable(this.source))
          this.#parts.held.hold(this.hash, heldStates.serverCompleted, { text: this.#lastResponse, hop: this.target })
        break
      case 'absorbL':
        this.#leave()
        this.#parts.held.hold(this.hash, heldStates.serverAccepted)
        break
      case 'end':
        this.#leave()
        break
      case 'endFailed':
        this.#leave()
        this.onGone?.()
        break
      case 'passAck':
        break // Accepted is held: its ACK does not come here.
    }
  }

  /** The final response again after T1, at doubled intervals up to T2. */
  #startG(): void {
    if (isReliable(this.source)) return
    const { timers } = this.#parts
    const { t1Ms, t2Ms } = timers.values
    this.#intervalMs = this.#intervalMs === 0 ? t1Ms : Math.min(this.#intervalMs * 2, t2Ms)
    this.#retransmit ??= new WheelTimer(this, 'retransmit')
    timers.set(this.#retransmit, this.#intervalMs)
  }

  /** From here on the transaction is what is held of it, or nothing. */
  #leave(): void {
    this.#retransmit?.cancel()
    this.#timeout?.cancel()
    this.share.charge(this.#parts.holding, -this.#octets)
    this.#octets = 0
    if (this.source.connection !== undefined) this.#parts.transport.release(this.source.connection, false)
    this.#parts.onEnded(this)
  }
}
