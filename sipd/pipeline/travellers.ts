/** For whom requests go through the steps: with a transaction, without one, and the ACK of a 2xx. */
import type { Clock, Timer } from '../../lib/time/clock.ts'
import type { Answer } from '../message/respond.ts'
import type { ServerTransaction } from '../transaction/server.ts'
import type { Traveller } from './pipeline.ts'
import type { Arrival, RoutedRequest } from './request.ts'
import type { Verdict } from './step.ts'

/** What is done with a request that has a transaction. */
export interface Handling {
  answer(transaction: ServerTransaction, answer: Answer): void
  forward(transaction: ServerTransaction, routed: RoutedRequest): void
  /** A bug: it is logged, and costs this request. */
  fails(transaction: ServerTransaction, error: unknown): void
}

/** §17.2.1: an INVITE that has to wait for longer is told so, or it would come again. */
const tryingAfterMs = 200

export class TransactionTraveller implements Traveller {
  readonly #transaction: ServerTransaction
  readonly #handling: Handling
  readonly #clock: Clock
  /** Those that wait for a step. */
  readonly #waiting: Map<ServerTransaction, TransactionTraveller>
  #routed: RoutedRequest | undefined
  #trying: Timer | undefined
  #isCancelled = false

  constructor(
    transaction: ServerTransaction,
    handling: Handling,
    clock: Clock,
    waiting: Map<ServerTransaction, TransactionTraveller>,
  ) {
    this.#transaction = transaction
    this.#handling = handling
    this.#clock = clock
    this.#waiting = waiting
  }

  get isOver(): boolean {
    return this.#isCancelled || this.#transaction.isFinal
  }

  waits(): void {
    const transaction = this.#transaction
    this.#waiting.set(transaction, this)
    transaction.onGone = () => this.cancel()
    if (transaction.request.method === 'INVITE' && transaction.status === 0)
      this.#trying ??= this.#clock.after(tryingAfterMs, () => {
        if (transaction.status === 0) transaction.respond(100)
      })
  }

  continues(): void {
    this.#settle()
  }

  /** Nobody waits for it any more: what its step finds is of no interest. */
  cancel(): void {
    this.#isCancelled = true
    this.#settle()
    this.#trying?.cancel()
    this.#routed?.end()
  }

  departs(routed: RoutedRequest): boolean {
    this.#routed = routed
    return true
  }

  arrives(routed: RoutedRequest): void {
    this.#trying?.cancel()
    this.#handling.forward(this.#transaction, routed)
  }

  stops(verdict: Exclude<Verdict, 'goOn'>): void {
    this.#trying?.cancel()
    if (verdict === 'drop') this.#transaction.abandon()
    else this.#handling.answer(this.#transaction, verdict)
  }

  fails(error: unknown): void {
    this.#settle()
    this.#trying?.cancel()
    this.#handling.fails(this.#transaction, error)
  }

  #settle(): void {
    this.#waiting.delete(this.#transaction)
    this.#transaction.onGone = undefined
  }
}

/** What is done with a request that is forwarded without state (§16.11). */
export interface StatelessHandling {
  answerStateless(arrival: Arrival, answer: Answer): void
  forwardStateless(routed: RoutedRequest): void
  /** What is for this server itself is answered by a transaction. */
  begin(arrival: Arrival): void
  failsStateless(arrival: Arrival, error: unknown): void
}

export class StatelessTraveller implements Traveller {
  readonly isOver = false
  readonly #arrival: Arrival
  readonly #handling: StatelessHandling

  constructor(arrival: Arrival, handling: StatelessHandling) {
    this.#arrival = arrival
    this.#handling = handling
  }

  waits(): void {}

  continues(): void {}

  departs(routed: RoutedRequest): boolean {
    if (!routed.isForServer) return true
    this.#handling.begin(this.#arrival)
    return false
  }

  arrives(routed: RoutedRequest): void {
    this.#handling.forwardStateless(routed)
  }

  stops(verdict: Exclude<Verdict, 'goOn'>): void {
    if (verdict !== 'drop' && this.#arrival.request.method !== 'ACK')
      this.#handling.answerStateless(this.#arrival, verdict)
  }

  fails(error: unknown): void {
    this.#handling.failsStateless(this.#arrival, error)
  }
}

/** The ACK of a 2xx has no transaction, whatever the policy. */
export class AckTraveller extends StatelessTraveller {
  override departs(): boolean {
    return true
  }
}
