/** Which of the other workers have said that what they knew before is on disk. */
import type { Clock } from '../../lib/time/clock.ts'

export class Subscriptions {
  readonly #clock: Clock
  readonly #waiting = new Map<number, () => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** It has said so, or it is gone. */
  settle(worker: number): void {
    this.#waiting.get(worker)?.()
  }

  /** Resolves when all of these are settled, or when that takes too long. */
  async all(workers: readonly number[], withinMs: number): Promise<void> {
    const settled = workers.map((worker) => new Promise<void>((resolve) => this.#waiting.set(worker, resolve)))
    await new Promise<void>((resolve) => {
      const patience = this.#clock.after(withinMs, resolve)
      void Promise.all(settled).then(() => {
        patience.cancel()
        resolve()
      })
    })
  }
}
