/** What triggers sample goes into the ring, by trigger and instance. */

import type { Log } from '../../lib/log/log.ts'
import type { Clock } from '../../lib/time/clock.ts'
import type { InstanceSample } from './conditions/step.ts'
import type { Instance } from './instance.ts'
import type { TriggerRow } from './rows.ts'
import { SampleRing } from './samples/ring.ts'
import type { Series } from './samples/segment.ts'

export class Recorder {
  readonly #ring: SampleRing
  readonly #series = new WeakMap<Instance, Series>()

  constructor(path: string, { clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#ring = new SampleRing({ path, clock, log })
    this.#ring.start()
  }

  take({ mteOwner, mteTriggerName }: TriggerRow, instance: Instance, sample: InstanceSample): void {
    let series = this.#series.get(instance)
    if (!series) {
      series = this.#ring.series(mteOwner, mteTriggerName, instance.oid)
      this.#series.set(instance, series)
    }
    if (sample === 'absent') this.#ring.add(series, sample)
    else this.#ring.add(series, sample.value, sample.discontinuity)
  }

  stop(): Promise<void> {
    return this.#ring.stop()
  }
}
