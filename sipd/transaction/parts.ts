/** What transactions are given of the world, each part as small as they use it. */
import type { Holding } from '../account/ledger.ts'
import type { DebugChannel } from '../log/error-log.ts'
import type { Hop } from '../message/hop.ts'
import type { KeyHash } from './hash.ts'
import type { Resend } from './held.ts'
import type { HeldState } from './machines.ts'
import type { WheelTimer } from './timer-wheel.ts'

/** `failed` is called at most once, when it is certain that the octets did not leave; `taken` with the connection that they leave by. */
export interface MessageTransport {
  sendRequest(
    method: string,
    text: string,
    hop: Hop,
    failed?: (error: Error) => void,
    taken?: (connection: string) => void,
  ): void
  /** The ACK of a 2xx, which nothing comes back to. */
  sendLast(method: string, text: string, hop: Hop): void
  sendResponse(method: string, status: number, text: string, hop: Hop, failed?: (error: Error) => void): void
  /** What was sent before. */
  sendAgain(text: string, hop: Hop, failed?: (error: Error) => void): void
  /** A transaction is under way on this connection. */
  hold(connection: string): void
  /** It is over. The connection may be of use for a while where the dialog goes on that the transaction was of. */
  release(connection: string, dialogGoesOn: boolean): void
}

/** RFC 3261 table 4, as sipd.conf sets it. */
export interface TimerValues {
  /** T1: the estimate of the round trip (SipT1InMs). */
  readonly t1Ms: number
  /** T2: the longest interval between retransmissions of what is no INVITE (SipT2InMs). */
  readonly t2Ms: number
  /** How long a finished transaction absorbs what comes late: 64*T1 (SipT4InMs, which is not the RFC's T4). */
  readonly holdMs: number
  /** How often a request is sent again at most (MaxInviteRetxCount, MaxNonInviteRetxCount). */
  readonly inviteRetransmissions: number
  readonly nonInviteRetransmissions: number
}

export interface Timers {
  readonly values: TimerValues
  set<Name extends string>(timer: WheelTimer<Name>, delayMs: number): void
}

/** Takes over what has had its final response. */
export interface Held {
  hold(hash: KeyHash, state: HeldState, resend?: Resend): void
}

/** The same for all transactions of a layer, but for who their users are. */
export interface TransactionParts<Transaction> {
  readonly transport: MessageTransport
  readonly timers: Timers
  readonly held: Held
  /** What their octets are entered as. */
  readonly holding: Holding
  readonly debug: DebugChannel
  /** From now on nothing is for it any more. */
  readonly onEnded: (transaction: Transaction) => void
}
