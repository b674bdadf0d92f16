/** Whether and when one process starts again. */
import type { Clock } from '../../../lib/time/clock.ts'
import { RestartHistory, type RestartPlan } from './restart-history.ts'
import type { Row } from './row.ts'

export class Restarts {
  readonly #clock: Clock
  readonly #row: Pick<Row, 'shown' | 'handle'>
  readonly #history = new RestartHistory()

  constructor(clock: Clock, row: Pick<Row, 'shown' | 'handle'>) {
    this.#clock = clock
    this.#row = row
  }

  /** Somebody gave an order: what was before does not count. */
  forget(): void {
    this.#history.forget()
  }

  /** When the next start is due, or that there were too many; nothing where no restart is wanted. */
  plan(isWanted: boolean): RestartPlan | undefined {
    const { adminStatus, maxRestarts, restartWindowMs, restartIntervalMs } = this.#row.shown.spec
    if (adminStatus !== 'up' || !isWanted) return undefined
    const rules = { intervalMs: restartIntervalMs, maxRestarts, windowMs: restartWindowMs }
    return this.#history.plan(this.#clock.monotonicMs(), rules)
  }

  follow(plan: RestartPlan | undefined): void {
    if (!plan) return
    if (plan.delayMs !== undefined) this.#row.handle('retry', plan.delayMs)
    else this.#row.handle('tooOften', `${this.#row.shown.spec.name} ended too often${plan.words}`)
  }
}
