/** A clock moved by hand for a module whose work is not all done when a timer fires. */
import type { ManualClock } from '../../lib/time/clock.ts'
import { until } from './appliance.ts'

/** Moves time in small steps, so that what waits for it may go on in between, until it holds. */
export async function passUntil(clock: ManualClock, holds: () => boolean, stepMs = 500): Promise<void> {
  await until(
    () => {
      if (!holds()) clock.advance(stepMs)
      return holds()
    },
    10_000,
    'what is waited for on the clock',
  )
}
