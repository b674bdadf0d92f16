/** The timers of the transactions, RFC 3261 table 4. */
import type { Timers, TimerValues } from './parts.ts'
import type { TimerWheel, WheelTimer } from './timer-wheel.ts'

export const standardTimers: TimerValues = {
  t1Ms: 500,
  t2Ms: 4000,
  holdMs: 32_000,
  inviteRetransmissions: 6,
  nonInviteRetransmissions: 10,
}

export class TransactionTimers implements Timers {
  readonly values: TimerValues
  readonly #wheel: TimerWheel

  constructor(values: TimerValues, wheel: TimerWheel) {
    this.values = values
    this.#wheel = wheel
  }

  set<Name extends string>(timer: WheelTimer<Name>, delayMs: number): void {
    this.#wheel.set(timer, delayMs)
  }
}

/** Timers B, F and H. */
export function transactionTimeoutMs({ t1Ms }: TimerValues): number {
  return 64 * t1Ms
}
