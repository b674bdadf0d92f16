/** Requests that were answered: a retransmission gets the same answer again (RFC 3261 §17.2.2, timer J). */
import type { Clock } from '../../lib/clock.ts'

const timerJMs = 32_000 // 64*T1 over an unreliable transport
export const kept = 50_000

interface Answered {
  readonly response: Uint8Array
  readonly untilMs: number
}

/** Bounded: when full the oldest go first, and their retransmissions are answered anew. */
export class AnsweredRequests {
  readonly #clock: Clock
  readonly #answers = new Map<string, Answered>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How many are remembered. */
  get size(): number {
    return this.#answers.size
  }

  find(key: string): Uint8Array | undefined {
    const answered = this.#answers.get(key)
    if (!answered) return undefined
    if (answered.untilMs > this.#clock.monotonicMs()) return answered.response
    this.#answers.delete(key)
    return undefined
  }

  remember(key: string, response: Uint8Array): void {
    const now = this.#clock.monotonicMs()
    this.#answers.delete(key)
    this.#answers.set(key, { response, untilMs: now + timerJMs })
    for (const [oldest, { untilMs }] of this.#answers) {
      if (untilMs > now && this.#answers.size <= kept) break
      this.#answers.delete(oldest)
    }
  }
}
