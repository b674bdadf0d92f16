/**
 * With CASTELLAN_SMOKE=1 a bench or a soak shows that it works instead of measuring: little of everything, and its figures judge
 * nothing. `npm test` runs every script of package.json this way.
 */
import assert from 'node:assert/strict'
import { commandClock } from '../lib/time/clock.ts'
import { pause as pauseOn } from '../lib/time/pause.ts'

export const isSmoke = process.env.CASTELLAN_SMOKE === '1'

/** As `npm run soak` has it: many repetitions, and figures judge. */
export const isSoak = process.env.CASTELLAN_SOAK === '1' && !isSmoke

/** How many or how long: as it is measured, or in a smoke run. */
export function sized(measured: number, smoke: number): number {
  return isSmoke ? smoke : measured
}

/** Fails a bench whose figure is not met. */
export function judge(isMet: boolean, sentence: string): void {
  if (!isSmoke) assert.ok(isMet, sentence)
}

/** Of the machine's own time, and it keeps a bench alive that has nothing else to do. */
export function pause(ms: number): Promise<void> {
  return pauseOn(commandClock, ms)
}
