/** A client transaction (RFC 3261 §17.1): a request on its way downstream, and the responses it gets. */
import type { Share } from '../account/ledger.ts'
import { formatAck } from '../message/forward.ts'
import type { SipResponse } from '../message/message.ts'
import { type Hop, isReliable } from '../message/source.ts'
import { heldStates } from './held.ts'
import type { TransactionLayer } from './layer.ts'
import { type Event, eventOf, inviteClient, type Machine, nonInviteClient, type State } from './machines.ts'
import { octetsOfSent } from './octets.ts'
import { type TimerOwner, WheelTimer } from './timer-wheel.ts'
import { transactionTimeoutMs } from './timers.ts'

type TimerName = 'retransmit' | 'timeout'

/** Who sent the request; declared here, implemented above. */
export interface ClientUser {
  /** Where the request came from: a 2xx that comes again goes there (RFC 6026 §7.2). */
  readonly upstream: Hop
  onResponse(transaction: ClientTransaction, response: SipResponse): void
  /** Timer B or F: nobody answered. */
  onTimeout(transaction: ClientTransaction): void
  onTransportError(transaction: ClientTransaction, error: Error): void
}

export class ClientTransaction implements TimerOwner<TimerName> {
  readonly method: string
  readonly branch: string
  /** As it is sent. */
  readonly text: string
  readonly hop: Hop
  state: State
  readonly #layer: TransactionLayer
  readonly #machine: Machine
  readonly #user: ClientUser | undefined
  readonly #retransmit: WheelTimer<TimerName> | undefined
  readonly #timeout: WheelTimer<TimerName>
  readonly #share: Share
  /** Entered in the account; 0 once it has left. */
  #octets: number
  #intervalMs: number
  #retransmissionsLeft: number

  constructor(
    layer: TransactionLayer,
    method: string,
    branch: string,
    text: string,
    hop: Hop,
    user: ClientUser | undefined,
    share: Share,
  ) {
    this.#layer = layer
    this.method = method
    this.branch = branch
    this.text = text
    this.hop = hop
    this.#user = user
    this.#share = share
    this.#octets = octetsOfSent(text)
    share.charge(layer.account.transactions, this.#octets)
    const isInvite = method === 'INVITE'
    const { timers, wheel } = layer
    this.#machine = isInvite ? inviteClient : nonInviteClient
    this.state = isInvite ? 'calling' : 'trying'
    this.#intervalMs = timers.t1Ms
    this.#retransmissionsLeft = isInvite ? timers.inviteRetransmissions : timers.nonInviteRetransmissions
    this.#timeout = new WheelTimer(this, 'timeout') // B, F
    wheel.set(this.#timeout, transactionTimeoutMs(timers))
    if (!isReliable(hop) && this.#retransmissionsLeft > 0) {
      this.#retransmit = new WheelTimer(this, 'retransmit') // A, E
      wheel.set(this.#retransmit, this.#intervalMs)
    }
  }

  /** Sends the request for the first time. */
  start(): void {
    this.#layer.sender.send(this.text, this.hop, (error) => this.#transportFailed(error))
  }

  receive(response: SipResponse): void {
    const event = eventOf(response.status)
    const next = this.#machine[this.state]?.[event]
    if (!next) return
    this.#enter(next, response)
    this.#user?.onResponse(this, response)
  }

  /** Nobody waits for it any more; what comes late is dropped. */
  abandon(): void {
    if (this.state !== 'terminated') this.#enter('terminated')
  }

  onTimer(name: TimerName): void {
    if (name === 'timeout') {
      if (!this.#step('timeout')) return
      this.#user?.onTimeout(this)
      return
    }
    this.#layer.statistics.retransmissionsOut++
    this.#retransmissionsLeft--
    this.#layer.sender.send(this.text, this.hop, (error) => this.#transportFailed(error))
    if (this.#retransmissionsLeft === 0) return
    const { t2Ms } = this.#layer.timers
    // Timer A doubles without end; E up to T2, and is T2 once a provisional response came (§17.1.2.2).
    if (this.method === 'INVITE') this.#intervalMs *= 2
    else this.#intervalMs = this.state === 'proceeding' ? t2Ms : Math.min(this.#intervalMs * 2, t2Ms)
    this.#layer.wheel.set(this.#retransmit!, this.#intervalMs)
  }

  #transportFailed(error: Error): void {
    if (this.#step('transportError')) this.#user?.onTransportError(this, error)
  }

  #step(event: Event): boolean {
    const next = this.#machine[this.state]?.[event]
    if (!next) return false
    this.#enter(next)
    return true
  }

  #enter(state: State, response?: SipResponse): void {
    if (state === this.state) return
    const layer = this.#layer
    if (layer.debug.on) {
      const { method, branch, state: from } = this
      layer.debug.write('a client transaction changes its state', { method, branch, from, to: state })
    }
    this.state = state
    const isInvite = this.method === 'INVITE'
    switch (state) {
      case 'proceeding':
        if (isInvite) {
          this.#retransmit?.cancel()
          this.#timeout.cancel()
        }
        break
      case 'accepted':
        this.#leave()
        layer.held.hold(
          layer.hasher.hash(this.branch),
          heldStates.clientAccepted,
          this.#user && { text: '', hop: this.#user.upstream },
        )
        break
      case 'completed':
        this.#leave()
        if (!isInvite) break // What comes late belongs to nothing, and is dropped as that.
        {
          const ack = formatAck(this.text, response!)
          layer.statistics.requestOut('ACK')
          layer.sender.send(ack, this.hop)
          if (!isReliable(this.hop))
            layer.held.hold(layer.hasher.hash(this.branch), heldStates.clientCompleted, { text: ack, hop: this.hop })
        }
        break
      case 'terminated':
        this.#leave()
        break
    }
  }

  #leave(): void {
    this.#retransmit?.cancel()
    this.#timeout.cancel()
    this.#share.charge(this.#layer.account.transactions, -this.#octets)
    this.#octets = 0
    this.#layer.clientEnded(this)
  }
}
