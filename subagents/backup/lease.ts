/** Whether the master that gave a job still waits for it: the master says so from time to time, or is taken for gone. */
import { leaseMs } from '../../lib/backup/node.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'

export class Lease {
  readonly #clock: Clock
  readonly #expired: (job: number) => void
  #job = 0
  #timer: Timer | undefined

  constructor(clock: Clock, expired: (job: number) => void) {
    this.#clock = clock
    this.#expired = expired
  }

  /** The lease of a job that a master gave begins, unless it has begun. */
  begin(job: number): void {
    if (this.#job !== job) this.renew(job)
  }

  /** The master has been heard of. */
  renew(job: number): void {
    this.#timer?.cancel()
    this.#job = job
    this.#timer = this.#clock.after(leaseMs, () => this.#expired(job))
  }

  end(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#job = 0
  }
}
