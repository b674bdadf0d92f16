/** Changes that took effect although they could not be made durable: tried again until they are. */

import type { Log } from '../log/log.ts'
import type { Clock, Timer } from '../time/clock.ts'
import type { RowChange } from './row-change.ts'
import type { RowPlan } from './set.ts'

export interface UnkeptOptions {
  readonly log: Log
  readonly persist: (changes: readonly RowChange[]) => Promise<unknown>
}

const retryEveryMs = 10_000

export class Unkept {
  readonly #options: UnkeptOptions
  /** By table and instance; `before` is what the disk has. */
  readonly #plans = new Map<string, RowPlan>()
  #clock: Clock | undefined
  #timer: Timer | undefined

  constructor(options: UnkeptOptions) {
    this.#options = options
  }

  start(clock: Clock): void {
    this.#clock = clock
    this.#schedule()
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  add(plans: readonly RowPlan[]): void {
    for (const plan of plans) {
      const key = `${plan.serving.table.definition.name} ${plan.instance.join('.')}`
      if (!this.#plans.has(key)) this.#plans.set(key, plan)
    }
    this.#schedule()
  }

  #schedule(): void {
    if (this.#plans.size > 0) this.#timer ??= this.#clock?.every(retryEveryMs, () => void this.#retry())
  }

  /** What a row is by then is kept, whatever it was when it could not be. */
  async #retry(): Promise<void> {
    const tried = [...this.#plans]
    const changes = tried.map(([, { serving, instance, before }]) => ({
      definition: serving.table.definition,
      before,
      after: serving.table.getAny(instance),
    }))
    try {
      await this.#options.persist(changes)
    } catch {
      return // that it cannot be kept is in the log already
    }
    for (const [key] of tried) this.#plans.delete(key)
    this.#options.log.notice('what could not be kept on disk is kept now', { rows: tried.length })
    if (this.#plans.size === 0) this.stop()
  }
}
