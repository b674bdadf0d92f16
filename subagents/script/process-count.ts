/** How many processes a session has, looked at cheaply: it cannot have more than at the last count and all that were born since. */
import { type Leader, newestPid, sessionMembers } from '../../lib/proc/session.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'

const countEveryMs = 100

export class ProcessCount {
  readonly #leader: Leader
  readonly #most: number
  readonly #exceeded: (count: number) => void
  readonly #timer: Timer
  /** How many it had when they were last counted, and the newest of the machine then. */
  #count = 1
  #newestPid: number

  /** `exceeded` is called each time it has more than `most`. */
  constructor(clock: Clock, leader: Leader, most: number, exceeded: (count: number) => void) {
    this.#leader = leader
    this.#most = most
    this.#exceeded = exceeded
    this.#newestPid = leader.pid
    this.#timer = clock.every(countEveryMs, () => this.#look())
  }

  stop(): void {
    this.#timer.cancel()
  }

  /** Most looks cost one read. */
  #look(): void {
    const newest = newestPid()
    const bornSince = newest - this.#newestPid
    if (bornSince >= 0 && this.#count + bornSince <= this.#most) return
    this.#count = sessionMembers(this.#leader).length
    this.#newestPid = newest
    if (this.#count > this.#most) this.#exceeded(this.#count)
  }
}
