/** Runs long work in slices so short that no request waits for them, with rests between, so that a core hardly notices. */

import type { Clock } from '../time/clock.ts'
import { pause } from '../time/pause.ts'

export interface Pace {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** The rest between two slices; 0 only lets others run in between. */
  readonly restMs: number
  /** How long a slice goes on; a step begun in it is finished. */
  readonly sliceMs?: number
  /** Told how long each slice took. */
  readonly onSlice?: ((tookMs: number) => void) | undefined
}

/** Takes every step of the work; false when it was told to stop before the end. What a step throws is thrown here. */
export async function runInSlices(steps: Iterable<unknown>, pace: Pace): Promise<boolean> {
  const { clock, signal, restMs, sliceMs = 0.4, onSlice } = pace
  let startedMs = performance.now()
  for (const _ of steps) {
    const tookMs = performance.now() - startedMs
    if (tookMs < sliceMs) continue
    onSlice?.(tookMs)
    if (restMs > 0) await pause(clock, restMs, signal)
    else await new Promise(setImmediate)
    if (signal.aborted) return false
    startedMs = performance.now()
  }
  onSlice?.(performance.now() - startedMs)
  return true
}
