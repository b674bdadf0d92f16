/** When each kind of sample was last taken, as rows of castellanSampleTable. */

import { serve } from '../../lib/mib/module.ts'
import type { Clock } from '../../lib/time/clock.ts'
import type { Period } from '../../lib/time/period.ts'
import { castellanSampleTable } from './mib.ts'

export interface SampleKind {
  readonly name: string
  readonly everyMs: number
  /** How often it is taken now, where that changes. */
  readonly period?: Period
  readonly rows: () => number
}

/** After so many periods without a sample, what is shown counts as stale. */
const periodsUntilStale = 3

export class Samples {
  readonly serving
  readonly #takenMs = new Map<string, number>()
  #clock: Clock | undefined

  constructor(kinds: readonly SampleKind[]) {
    const byName = new Map(kinds.map((kind) => [kind.name, kind]))
    this.serving = serve(castellanSampleTable, {
      live: {
        castellanSampleAge: ({ castellanSampleName: name }) => {
          const ageMs = this.#ageMs(name)
          return ageMs === undefined ? undefined : Math.floor(ageMs / 10)
        },
        castellanSampleState: ({ castellanSampleName: name }) => {
          const ageMs = this.#ageMs(name)
          const kind = byName.get(name)
          if (ageMs === undefined || !kind) return 'missing'
          return ageMs > (kind.period?.ms ?? kind.everyMs) * periodsUntilStale ? 'stale' : 'fresh'
        },
        castellanSampleRows: ({ castellanSampleName: name }) => byName.get(name)?.rows(),
      },
    })
    for (const [position, { name }] of kinds.entries())
      this.serving.table.put({ castellanSampleIndex: position + 1, castellanSampleName: name })
  }

  start(clock: Clock): void {
    this.#clock = clock
  }

  taken(name: string): void {
    if (this.#clock) this.#takenMs.set(name, this.#clock.monotonicMs())
  }

  #ageMs(name: string): number | undefined {
    const takenMs = this.#takenMs.get(name)
    return takenMs === undefined || !this.#clock ? undefined : this.#clock.monotonicMs() - takenMs
  }
}
