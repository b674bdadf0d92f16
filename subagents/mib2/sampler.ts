/** Takes samples on a clock of its own, one at a time, and knows how old the last one is. */

import type { RowOf } from '../../lib/mib/declare.ts'
import type { ModuleHost } from '../../lib/mib/module.ts'
import type { ServedTable } from '../../lib/mib/served.ts'
import { runInSlices } from '../../lib/process/slices.ts'
import type { Oid } from '../../lib/smi/oid.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { Period } from '../../lib/time/period.ts'

/** Runs the part of a sample that may be long, in slices so short that no request waits for them, and counts what it costs. */
export interface Work {
  /** False when the host stopped before the end. */
  run(steps: Iterable<unknown>): Promise<boolean>
}

/** For who waits for nobody: all at once. */
export const atOnce: Work = {
  async run(steps) {
    for (const _ of steps);
    return true
  },
}

/** Makes these the rows of a table, a row at a step. */
export function* sweep<D extends { readonly entry: Oid }>(
  table: ServedTable<D>,
  rows: Iterable<RowOf<D>>,
): Generator<void> {
  table.beginSweep()
  for (const row of rows) {
    table.put(row)
    yield
  }
  table.endSweep()
}

/** What a sampler takes of a core at most: where there is much to look at, it looks less often. */
const usualCoreShare = 0.0015

export class Sampler {
  readonly name: string
  readonly everyMs: number
  readonly #take: (host: ModuleHost, work: Work) => Promise<void>
  #clock: Clock | undefined
  #takenMs = 0
  #begunMs = 0
  readonly #period: Period
  #isTaking = false
  #isFailing = false

  constructor(
    name: string,
    everyMs: number,
    take: (host: ModuleHost, work: Work) => Promise<void>,
    coreShare = usualCoreShare,
  ) {
    this.name = name
    this.everyMs = everyMs
    this.#take = take
    this.#period = new Period(everyMs, coreShare)
  }

  /** Milliseconds since the last sample that could be taken. */
  get ageMs(): number {
    return this.#clock ? this.#clock.monotonicMs() - this.#takenMs : 0
  }

  /** Milliseconds from one sample to the next: everyMs, or more where a sample costs much. */
  get periodMs(): number {
    return this.#period.ms
  }

  /** Takes the first sample before it resolves; the others follow until the host stops. */
  async start(host: ModuleHost): Promise<void> {
    this.#clock = host.clock
    await this.take(host)
    const timer = host.clock.every(this.everyMs, () => {
      // Half a tick early is in time: the clock's ticks are not exact.
      if (host.clock.monotonicMs() - this.#begunMs >= this.periodMs - this.everyMs / 2) void this.take(host)
    })
    host.signal.addEventListener('abort', () => timer.cancel(), { once: true })
  }

  /** Takes one now; while the last one is still being taken, there is none. Never throws. */
  async take(host: ModuleHost): Promise<void> {
    if (this.#isTaking || host.signal.aborted) return
    this.#isTaking = true
    this.#begunMs = host.clock.monotonicMs()
    let costMs = 0
    const { clock, signal } = host
    const pace = { clock, signal, restMs: 0, onSlice: (tookMs: number) => (costMs += tookMs) }
    try {
      await this.#take(host, { run: (steps) => runInSlices(steps, pace) })
      this.#takenMs = clock.monotonicMs()
      this.#period.add(costMs)
      if (this.#isFailing) host.log.info('a sample could be taken again', { sample: this.name })
      this.#isFailing = false
    } catch (error) {
      if (!this.#isFailing) {
        host.log.error('a sample could not be taken; its rows keep their last values', { sample: this.name, error })
      }
      this.#isFailing = true
    } finally {
      this.#isTaking = false
    }
  }
}
