/** When a threshold flaps, and how low its falling threshold has to be for that to end. */
import type { Integer } from '../conditions/integer.ts'

export interface Rising {
  readonly timeMs: number
  /** The lowest value since the rising before; -Infinity where nothing could have kept this one from firing. */
  readonly low: Integer
}

/** What thresholds made of one instance. */
export interface Crossings {
  readonly risings: readonly Rising[]
  /** The lowest values before the first rising and after the last one. */
  readonly ends: readonly Integer[]
}

export interface Advice {
  /** mteTriggerThresholdFalling as it should have been. */
  readonly falling: number
  /** Whether the value ever came down to it: where not, what rose would not have been over. */
  readonly isReached: boolean
}

const hourMs = 3_600_000
/** More risings than these within an hour are too many. */
const risingsAnHour = 2

export function flaps(risings: readonly Rising[]): boolean {
  return risings.some(({ timeMs }, at) => {
    const later = risings[at + risingsAnHour]
    return later !== undefined && later.timeMs - timeMs <= hourMs
  })
}

/** The most risings within an hour. */
export function mostInAnHour(risings: readonly Rising[]): number {
  let most = 0
  let from = 0
  for (const [at, { timeMs }] of risings.entries()) {
    while (timeMs - risings[from]!.timeMs > hourMs) from++
    most = Math.max(most, at - from + 1)
  }
  return most
}

/** The risings that are left with another falling threshold, which is lower: those that had been at it before. */
export function risingsWith(falling: number, risings: readonly Rising[]): Rising[] {
  return risings.filter(({ low }) => low <= falling)
}

/**
 * The falling threshold nearest to the present one with which no instance flaps; in the middle between the lows that it
 * keeps and those that it passes over. Undefined where none would do.
 */
export function adviseFalling(instances: readonly Crossings[]): Advice | undefined {
  const lows = new Set(instances.flatMap(({ risings }) => risings.map(({ low }) => Number(low))))
  const descending = [...lows].filter(Number.isFinite).sort((a, b) => b - a)
  const isEnough = (low: number): boolean => instances.every(({ risings }) => !flaps(risingsWith(low - 1, risings)))
  // The lower it is, the fewer are left.
  let [first, beyond] = [0, descending.length]
  while (first < beyond) {
    const middle = (first + beyond) >>> 1
    if (isEnough(descending[middle]!)) beyond = middle
    else first = middle + 1
  }
  const passedOver = descending[first]
  if (passedOver === undefined || passedOver <= -0x8000_0000) return undefined
  const ends = instances.flatMap((one) => one.ends).map(Number)
  const kept = [...descending, ...ends].filter((low) => low < passedOver && Number.isFinite(low))
  if (kept.length === 0) return { falling: passedOver - 1, isReached: false }
  const nearest = kept.reduce((a, b) => Math.max(a, b))
  return { falling: Math.ceil((nearest + passedOver - 1) / 2), isReached: true }
}
