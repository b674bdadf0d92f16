/** One target of a request that is tried: its client transactions, how long it may ring, and its end. */
import { formatCancel } from '../message/forward.ts'
import { H } from '../message/header-names.ts'
import type { Hop } from '../message/hop.ts'
import type { SipResponse } from '../message/message.ts'
import type { ExtraHeader } from '../message/respond.ts'
import type { ClientTransaction, ClientUser } from '../transaction/client.ts'
import type { Timers } from '../transaction/parts.ts'
import type { ServerTransaction } from '../transaction/server.ts'
import { type TimerOwner, WheelTimer } from '../transaction/timer-wheel.ts'
import { transactionTimeoutMs } from '../transaction/timers.ts'
import type { Passage } from './passage.ts'
import type { Routing } from './routes.ts'
import type { Target } from './targets.ts'
import type { Transactions } from './transactions.ts'

/** The request that a branch is of, and who hears how it ends. */
export interface BranchContext {
  readonly server: ServerTransaction
  readonly routing: Routing
  readonly passage: Passage
  readonly timers: Timers
  readonly transactions: Transactions
  /** How long it may ring without a word of it, and how long at most from now on. */
  readonly ringMs: number
  ringLeftMs(): number
  /** What the request looks like downstream but for its head, with its Route headers or without. */
  tail(dropsRoutes: boolean): string
  onProvisional(response: SipResponse): void
  /** A 2xx to an INVITE. */
  onSuccess(response: SipResponse): void
  onFinal(response: SipResponse, branch: Branch): void
  /** It ended with an answer of our own. */
  onFailure(status: number, branch: Branch, headers?: readonly ExtraHeader[]): void
  /** Why that was, for the operator. */
  tellFailure(target: Target, status: number, why: string): void
}

/** The place that the request was sent to, and what comes after it fails: by a failure to send it, no answer, or a status. */
export interface Attempt {
  /** 503 of an address leads to the next address (RFC 3263 §4.3), 430 of a flow to another flow of the phone (RFC 5626 §7). */
  readonly failsAt: 503 | 430
  failed(retryAfterSeconds: number | undefined): void
  answered(): void
  /** Tries the next place; undefined at the last one. */
  readonly next: ((why: string) => void) | undefined
}

/**
 * What those upstream hear of a next hop that cannot be reached: §16.9 has it count as a 503 of that hop, which §16.7 step 6 makes a
 * 500. They would else leave this server alone, and all its other next hops with it.
 */
export const nextHopFailed = 500

/** In T1: a request was sent four times by then, and nobody has said as much as 100. */
const silentAfter = 8

/** One target that is tried. It ends with a final response, or with a status that stands for none. */
export class Branch implements ClientUser, TimerOwner<'c' | 'silent'> {
  readonly context: BranchContext
  readonly target: Target
  /** What of the request's Max-Breadth it leaves with. */
  readonly breadth: number
  transaction: ClientTransaction | undefined
  isPending = true
  /** Undefined where there is one place alone, and nobody asks how it was. */
  attempt: Attempt | undefined
  #isCancelled = false
  #cancelReasons: readonly string[] = []
  #rangTooLong = false
  #hasProvisional = false
  readonly #timerC: WheelTimer<'c' | 'silent'> | undefined
  #silentTimer: WheelTimer<'c' | 'silent'> | undefined

  constructor(context: BranchContext, target: Target, breadth: number, isInvite: boolean) {
    this.context = context
    this.target = target
    this.breadth = breadth
    if (isInvite) this.#timerC = new WheelTimer<'c' | 'silent'>(this, 'c')
  }

  /** §16.6 step 11: how long a branch may ring; begun again by every provisional response but 100. */
  watch(): void {
    const { timers, ringMs } = this.context
    if (this.#timerC) timers.set(this.#timerC, Math.min(ringMs, this.context.ringLeftMs()))
  }

  /** A place where others could be tried in its stead is not waited for by further requests as long as this one waits. */
  watchSilence(): void {
    if (!this.attempt?.next) return
    const { timers } = this.context
    const timer = this.#silentTimer ?? new WheelTimer<'c' | 'silent'>(this, 'silent')
    this.#silentTimer = timer
    timers.set(timer, silentAfter * timers.values.t1Ms)
  }

  /** Where the caller is: what comes late goes there. */
  get upstream(): Hop {
    return this.context.server.target
  }

  onResponse(transaction: ClientTransaction, response: SipResponse): void {
    this.#silentTimer?.cancel()
    if (response.status < 200) {
      this.attempt?.answered()
      const isFirst = !this.#hasProvisional
      this.#hasProvisional = true
      if (this.#isCancelled) {
        // §9.1: a CANCEL waits for the first provisional response.
        if (isFirst) this.#sendCancel()
        return
      }
      if (response.status > 100) this.watch()
      this.context.onProvisional(response)
      return
    }
    if (response.status !== this.attempt?.failsAt) this.attempt?.answered()
    else if (this.#goesElsewhere(`${response.status} ${response.reason}`, retryAfterOf(response))) return
    const wasPending = this.isPending
    this.#end()
    if (transaction.method === 'INVITE' && response.status < 300) this.context.onSuccess(response)
    else if (!wasPending) return
    // The caller did not cancel: that it was cancelled downstream says that nobody answered.
    else if (this.#rangTooLong && response.status === 487) this.context.onFailure(408, this)
    else this.context.onFinal(response, this)
  }

  onTimeout(): void {
    if (this.#hasProvisional || !this.#goesElsewhere('no answer')) this.fail(408)
  }

  onTransportError(_transaction: ClientTransaction, error: Error): void {
    if (!this.#goesElsewhere(error.message)) this.fail(nextHopFailed, error.message)
  }

  /** RFC 3263 §4.3: after these failures the next place is tried, if there is one and the caller still waits. */
  #goesElsewhere(why: string, retryAfterSeconds?: number): boolean {
    const { attempt } = this
    attempt?.failed(retryAfterSeconds)
    if (!attempt?.next || !this.isPending || this.#isCancelled) return false
    this.attempt = undefined
    this.#hasProvisional = false
    attempt.next(why)
    return true
  }

  /** The branch ends with an answer of our own; why is for the log, and the headers for who is upstream. */
  fail(status: number, why?: string, headers?: readonly ExtraHeader[]): void {
    if (!this.isPending) return
    this.#end()
    if (why !== undefined) this.context.tellFailure(this.target, status, why)
    this.context.onFailure(status, this, headers)
  }

  onTimer(name: 'c' | 'silent'): void {
    if (name === 'silent') {
      this.attempt?.failed(undefined)
      return
    }
    // §16.8: rung for too long. After a CANCEL, a peer that does not answer it either.
    if (this.#hasProvisional && !this.#isCancelled) {
      this.#rangTooLong = true
      this.cancel()
    } else {
      this.transaction?.abandon()
      this.fail(408)
    }
  }

  get isCancelled(): boolean {
    return this.#isCancelled
  }

  /** §9.1. The branch is over when its 487 comes, or nothing for 64*T1. The reasons are values of Reason (RFC 3326). */
  cancel(reasons: readonly string[] = []): void {
    // Only an INVITE can be cancelled; all others are answered soon.
    if (!this.isPending || this.#isCancelled || !this.#timerC) return
    this.#isCancelled = true
    this.#cancelReasons = reasons
    if (!this.transaction) {
      // Its next hop is still looked for: nothing has left, and nothing will.
      this.fail(487)
      return
    }
    const { timers } = this.context
    timers.set(this.#timerC, transactionTimeoutMs(timers.values))
    if (this.#hasProvisional) this.#sendCancel()
  }

  #sendCancel(): void {
    const { transaction, context } = this
    if (!transaction) return
    const { branch, hop, text } = transaction
    const cancel = { method: 'CANCEL', branch, text: formatCancel(text, this.#cancelReasons), hop }
    context.transactions.request({ ...cancel, share: context.server.share }, undefined)
  }

  #end(): void {
    this.isPending = false
    this.#timerC?.cancel()
    this.#silentTimer?.cancel()
  }
}

/** RFC 3261 §20.33: `120 (in the evening);duration=3600`. */
function retryAfterOf(response: SipResponse): number | undefined {
  const seconds = /^\d{1,9}/.exec(response.value(H.retryAfter) ?? '')?.[0]
  return seconds === undefined ? undefined : Number(seconds)
}
