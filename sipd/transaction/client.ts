/** A client transaction (RFC 3261 §17.1): a request on its way downstream, and the responses it gets. */
import type { Share } from '../account/ledger.ts'
import { formatAck } from '../message/forward.ts'
import { type Hop, isReliable } from '../message/hop.ts'
import type { SipResponse } from '../message/message.ts'
import type { KeyHasher } from './hash.ts'
import type { Resend } from './held.ts'
import {
  type ClientAction,
  type ClientEvent,
  type ClientMachine,
  type ClientState,
  eventOf,
  type HeldState,
  heldStates,
  inviteClient,
  nonInviteClient,
} from './machines.ts'
import { octetsOfSent } from './octets.ts'
import type { TransactionParts } from './parts.ts'
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

export interface ClientParts extends TransactionParts<ClientTransaction> {
  readonly hasher: KeyHasher
}

/** A request as it leaves. */
export interface Departure {
  readonly method: string
  readonly branch: string
  readonly text: string
  readonly hop: Hop
  /** Whom its octets are held for. */
  readonly share: Share
  /** It is of a dialog, and does not end it. */
  readonly isWithinDialog?: boolean
}

export class ClientTransaction implements TimerOwner<TimerName> {
  readonly method: string
  readonly branch: string
  /** As it is sent. */
  readonly text: string
  hop: Hop
  state: ClientState | 'terminated'
  readonly #parts: ClientParts
  readonly #machine: ClientMachine
  readonly #user: ClientUser | undefined
  readonly #retransmit: WheelTimer<TimerName> | undefined
  readonly #timeout: WheelTimer<TimerName>
  readonly #share: Share
  readonly #isWithinDialog: boolean
  /** Entered in the account; 0 once it has left. */
  #octets: number
  #intervalMs: number
  #retransmissionsLeft: number
  /** The connection that it is under way on. */
  #connection: string | undefined

  constructor(parts: ClientParts, user: ClientUser | undefined, departure: Departure) {
    const { method, branch, text, hop, share, isWithinDialog = false } = departure
    this.#parts = parts
    this.#user = user
    this.method = method
    this.branch = branch
    this.text = text
    this.hop = hop
    this.#share = share
    this.#isWithinDialog = isWithinDialog
    this.#octets = octetsOfSent(text)
    share.charge(parts.holding, this.#octets)
    const isInvite = method === 'INVITE'
    const { timers } = parts
    const { t1Ms, inviteRetransmissions, nonInviteRetransmissions } = timers.values
    this.#machine = isInvite ? inviteClient : nonInviteClient
    this.state = isInvite ? 'calling' : 'trying'
    this.#intervalMs = t1Ms
    this.#retransmissionsLeft = isInvite ? inviteRetransmissions : nonInviteRetransmissions
    this.#timeout = new WheelTimer(this, 'timeout') // B, F
    timers.set(this.#timeout, transactionTimeoutMs(timers.values))
    if (!isReliable(hop) && this.#retransmissionsLeft > 0) {
      this.#retransmit = new WheelTimer(this, 'retransmit') // A, E
      timers.set(this.#retransmit, this.#intervalMs)
    }
  }

  /** Sends the request for the first time. */
  start(): void {
    this.#parts.transport.sendRequest(
      this.method,
      this.text,
      this.hop,
      (error) => this.#transportFailed(error),
      (connection) => this.#leavesBy(connection),
    )
  }

  /** What is said of it later, CANCEL and ACK, goes the same way. */
  #leavesBy(connection: string): void {
    if (this.state === 'terminated') return
    this.hop = { ...this.hop, connection }
    this.#connection = connection
    this.#parts.transport.hold(connection)
  }

  receive(response: SipResponse): void {
    this.#step(eventOf(response.status), response)
  }

  /** Nobody waits for it any more; what comes late is dropped. */
  abandon(): void {
    this.#step('abandon')
  }

  onTimer(name: TimerName): void {
    this.#step(name)
  }

  #transportFailed(error: Error): void {
    this.#step('transportError', undefined, error)
  }

  /** `response` and `error` are what the event brought. */
  #step(event: ClientEvent, response?: SipResponse, error?: Error): void {
    const transition = this.#machine[this.state]?.[event]
    if (!transition) return
    const { next, actions } = transition
    if (next !== this.state) {
      const { debug } = this.#parts
      if (debug.on) {
        const { method, branch, state: from } = this
        debug.write('a client transaction changes its state', { method, branch, from, to: next })
      }
      this.state = next
    }
    for (const action of actions) this.#act(action, response, error)
  }

  #act(action: ClientAction, response: SipResponse | undefined, error: Error | undefined): void {
    switch (action) {
      case 'sendAgain':
        this.#sendAgain()
        break
      case 'acknowledge':
        if (response) this.#acknowledge(response)
        break
      case 'tell':
        if (response) this.#user?.onResponse(this, response)
        break
      case 'tellTimeout':
        this.#user?.onTimeout(this)
        break
      case 'tellFailed':
        if (error) this.#user?.onTransportError(this, error)
        break
      case 'stopTimers':
        this.#stopTimers()
        break
      case 'absorbM':
        this.#leave()
        // What is sent again is the response that comes; of where it goes more has to be known.
        this.#hold(heldStates.clientAccepted, this.#user && { text: '', hop: this.#user.upstream })
        break
      case 'end':
        this.#leave()
        break
      case 'passOn':
      case 'acknowledgeAgain':
        break // Accepted and Completed are held: what they do is done by the layer.
    }
  }

  #sendAgain(): void {
    const { transport, timers } = this.#parts
    transport.sendAgain(this.text, this.hop, (error) => this.#transportFailed(error))
    this.#retransmissionsLeft--
    if (this.#retransmissionsLeft === 0 || !this.#retransmit) return
    const { t2Ms } = timers.values
    // Timer A doubles without end; E up to T2, and is T2 once a provisional response came (§17.1.2.2).
    if (this.method === 'INVITE') this.#intervalMs *= 2
    else this.#intervalMs = this.state === 'proceeding' ? t2Ms : Math.min(this.#intervalMs * 2, t2Ms)
    timers.set(this.#retransmit, this.#intervalMs)
  }

  /** Sends the ACK, and holds it until timer D, which is zero over a reliable transport. */
  #acknowledge(response: SipResponse): void {
    const text = formatAck(this.text, response)
    this.#parts.transport.sendRequest('ACK', text, this.hop)
    this.#leave()
    if (!isReliable(this.hop)) this.#hold(heldStates.clientCompleted, { text, hop: this.hop })
  }

  #hold(state: HeldState, resend: Resend | undefined): void {
    const { held, hasher } = this.#parts
    held.hold(hasher.hash(this.branch), state, resend)
  }

  #stopTimers(): void {
    this.#retransmit?.cancel()
    this.#timeout.cancel()
  }

  #leave(): void {
    this.#stopTimers()
    this.#share.charge(this.#parts.holding, -this.#octets)
    this.#octets = 0
    if (this.#connection !== undefined)
      this.#parts.transport.release(this.#connection, this.#isWithinDialog || this.state === 'accepted')
    this.#connection = undefined
    this.#parts.onEnded(this)
  }
}
