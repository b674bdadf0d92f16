/** Which of the other workers have said that all they knew before is told. */
import type { Clock } from '../../lib/time/clock.ts'

export class Subscriptions {
  readonly #clock: Clock
  readonly #ask: (worker: number) => void
  readonly #waiting = new Map<number, (() => void)[]>()

  /** `ask` asks a worker to say so. */
  constructor(clock: Clock, ask: (worker: number) => void) {
    this.#clock = clock
    this.#ask = ask
  }

  /** It has said so, or it is gone. */
  settle(worker: number): void {
    const waiting = this.#waiting.get(worker) ?? []
    this.#waiting.delete(worker)
    for (const resolve of waiting) resolve()
  }

  /** Asks all of these. Resolves when they are settled, or when that takes too long. */
  async all(workers: readonly number[], withinMs: number): Promise<void> {
    const settled = workers.map((worker) => this.#settled(worker))
    for (const worker of workers) this.#ask(worker)
    await new Promise<void>((resolve) => {
      const patience = this.#clock.after(withinMs, resolve)
      void Promise.all(settled).then(() => {
        patience.cancel()
        resolve()
      })
    })
  }

  #settled(worker: number): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(worker)
      if (waiting) waiting.push(resolve)
      else this.#waiting.set(worker, [resolve])
    })
  }
}
