/** A server transaction (RFC 3261 §17.2): what came from upstream, and the answers it gets. */
import { reserveFactor, type Share } from '../account/ledger.ts'
import type { SipRequest } from '../message/message.ts'
import { reasonPhrase } from '../message/reason.ts'
import { type ExtraHeader, formatResponse, responseTarget } from '../message/respond.ts'
import { type Hop, isReliable } from '../message/source.ts'
import { type KeyHash, tagOf } from './hash.ts'
import { heldStates } from './held.ts'
import type { TransactionLayer } from './layer.ts'
import { type Event, eventOf, inviteServer, type Machine, nonInviteServer, type State } from './machines.ts'
import { octetsOfRequest } from './octets.ts'
import { type TimerOwner, WheelTimer } from './timer-wheel.ts'
import { transactionTimeoutMs } from './timers.ts'

type TimerName = 'retransmit' | 'timeout'

export class ServerTransaction implements TimerOwner<TimerName> {
  readonly request: SipRequest
  readonly source: Hop
  readonly key: string
  readonly hash: KeyHash
  readonly startedMs: number
  /** Where the answers go. */
  readonly target: Hop
  state: State
  /** Told when the transaction ends before it had a final response of ours: the connection to upstream is gone. */
  onGone: (() => void) | undefined
  /** The status of the last response. */
  status = 0
  /** Whom its octets are held for, and those of what it is sent on as. */
  readonly share: Share
  readonly #layer: TransactionLayer
  readonly #machine: Machine
  #lastResponse: string | undefined
  #retransmit: WheelTimer<TimerName> | undefined
  #timeout: WheelTimer<TimerName> | undefined
  #intervalMs = 0
  /** Entered in the account; 0 once it has left. */
  #octets: number

  constructor(layer: TransactionLayer, request: SipRequest, source: Hop, key: string, hash: KeyHash, share: Share) {
    this.#layer = layer
    this.share = share
    this.#octets = octetsOfRequest(request)
    share.charge(layer.account.transactions, this.#octets)
    this.request = request
    this.source = source
    this.key = key
    this.hash = hash
    this.target = responseTarget(request.via, source)
    this.startedMs = layer.clock.now()
    this.#machine = request.method === 'INVITE' ? inviteServer : nonInviteServer
    this.state = request.method === 'INVITE' ? 'proceeding' : 'trying'
  }

  get isFinal(): boolean {
    return this.status >= 200
  }

  /** An answer of our own, in the words that every server has for its status. */
  respond(status: number, headers: readonly ExtraHeader[] = []): void {
    const { request, source } = this
    const tag = tagOf(this.hash)
    this.send(formatResponse(request, request.via, source, tag, status, reasonPhrase(status), headers), status)
  }

  /**
   * A final answer that is not sent again by itself, as one without state (RFC 3261 §8.2.7): who forges the source of one
   * INVITE has us send one datagram to it. The ACK is known by our tag.
   */
  respondOnce(status: number, headers: readonly ExtraHeader[] = []): void {
    this.respond(status, headers)
    if (this.state !== 'terminated') this.#enter('terminated')
  }

  /** A response as it goes upstream. After a final one only further 2xx to INVITE go (§16.7 step 5). */
  send(text: string, status: number): void {
    const event = eventOf(status)
    const next = this.#machine[this.state]?.[event]
    if (!next) return
    const isFirstFinal = status >= 200 && !this.isFinal
    if (status > this.status) this.status = status
    if (event !== 'success' || this.request.method !== 'INVITE') this.#keepToSendAgain(text, status)
    this.#layer.sendResponse(text, status, this)
    if (isFirstFinal) this.#layer.user!.onAnswered(this, status, text)
    // A transport that failed at once has ended the transaction meanwhile.
    if (this.#machine[this.state]?.[event]) this.#enter(next)
  }

  /** Enters octets that are held for it as long as it lives. False when there is no room, or it has left. */
  hold(octets: number): boolean {
    if (this.#octets === 0 || !this.share.take(this.#layer.account.transactions, octets, reserveFactor)) return false
    this.#octets += octets
    return true
  }

  /** For retransmissions. Where there is no room for a peer's final response, one of ours with its status has to do. */
  #keepToSendAgain(text: string, status: number): void {
    // One that ends the transaction at once is held elsewhere in a moment.
    const isLast = status >= 200 && this.request.method !== 'INVITE'
    const more = text.length - (this.#lastResponse?.length ?? 0)
    if (isLast || more <= 0 || this.hold(more)) this.#lastResponse = text
    else if (status >= 200) {
      const { request, source } = this
      this.#lastResponse = formatResponse(request, request.via, source, tagOf(this.hash), status, reasonPhrase(status))
    }
  }

  /** The request again, or the ACK. */
  receive(event: 'request' | 'ack'): void {
    const next = this.#machine[this.state]?.[event]
    if (!next) return
    if (event === 'request' && this.#lastResponse !== undefined) {
      this.#layer.statistics.retransmissionsOut++
      this.#layer.sender.send(this.#lastResponse, this.target)
    }
    if (next !== this.state) this.#enter(next)
  }

  /** Ends without an answer: what comes again is a new request. */
  abandon(): void {
    this.#step('transportError')
    if (this.state === 'trying') this.#enter('terminated')
  }

  transportFailed(): void {
    this.#step('transportError')
    if (!this.isFinal) this.onGone?.()
  }

  onTimer(name: TimerName): void {
    if (name === 'timeout') {
      this.#step('timeout')
      return
    }
    // Timer G: the final response again, at doubled intervals up to T2.
    this.#layer.statistics.retransmissionsOut++
    this.#layer.sender.send(this.#lastResponse!, this.target)
    this.#intervalMs = Math.min(this.#intervalMs * 2, this.#layer.timers.t2Ms)
    this.#layer.wheel.set(this.#retransmit!, this.#intervalMs)
  }

  #step(event: Event): void {
    const next = this.#machine[this.state]?.[event]
    if (next && next !== this.state) this.#enter(next)
  }

  #enter(state: State): void {
    if (state === this.state) return
    const layer = this.#layer
    if (layer.debug.on) {
      const { key, state: from } = this
      layer.debug.write('a server transaction changes its state', { key, from, to: state })
    }
    this.state = state
    const isInvite = this.request.method === 'INVITE'
    switch (state) {
      case 'accepted':
        this.#leave(heldStates.serverAccepted)
        break
      case 'completed':
        if (!isInvite) {
          // Timer J is zero over a reliable transport: nothing can come late.
          if (isReliable(this.source)) this.#leave()
          else this.#leave(heldStates.serverCompleted, this.#lastResponse)
          break
        }
        this.#timeout = new WheelTimer(this, 'timeout') // H
        layer.wheel.set(this.#timeout, transactionTimeoutMs(layer.timers))
        if (!isReliable(this.source)) {
          this.#retransmit = new WheelTimer(this, 'retransmit') // G
          this.#intervalMs = layer.timers.t1Ms
          layer.wheel.set(this.#retransmit, this.#intervalMs)
        }
        break
      case 'confirmed':
        if (isReliable(this.source)) this.#leave()
        else this.#leave(heldStates.serverConfirmed)
        break
      case 'terminated':
        this.#leave()
        break
    }
  }

  /** From here on the transaction is what is held of it, or nothing. */
  #leave(held?: (typeof heldStates)[keyof typeof heldStates], response?: string): void {
    this.#retransmit?.cancel()
    this.#timeout?.cancel()
    this.share.charge(this.#layer.account.transactions, -this.#octets)
    this.#octets = 0
    this.#layer.serverEnded(this)
    if (held !== undefined)
      this.#layer.held.hold(this.hash, held, response === undefined ? undefined : { text: response, hop: this.target })
  }
}
