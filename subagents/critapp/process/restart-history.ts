/** How often a process was started again of late: when the next try is due, and when it is time to give up. */

import { formatSeconds } from '../../../lib/text/text.ts'

export interface RestartRules {
  /** critAppRestartInterval: before the first new start. */
  readonly intervalMs: number
  /** critAppMaxRestarts; 0: no limit. */
  readonly maxRestarts: number
  readonly windowMs: number
}

export interface RestartPlan {
  /** Undefined: it ended too often. */
  readonly delayMs: number | undefined
  /** Follows the sentence on its end. */
  readonly words: string
}

/** However often it ended, the next try is not later than this, unless the interval itself is. */
const longestDelayMs = 5 * 60_000
/** Nor sooner than this, whatever the interval: a machine that does nothing but start processes does nothing else. */
const shortestDelayMs = 100
/** So that processes that ended together do not start together. */
const jitterShare = 0.1

export class RestartHistory {
  #restartsMs: number[] = []

  /** Ends within the window, this one included. */
  recent(nowMs: number, { windowMs }: RestartRules): number {
    this.#restartsMs = this.#restartsMs.filter((atMs) => nowMs - atMs < windowMs)
    return this.#restartsMs.length
  }

  /** The delay before the next start, doubled for each restart within the window; undefined when there were too many. */
  next(nowMs: number, rules: RestartRules, random = Math.random): number | undefined {
    const recent = this.recent(nowMs, rules)
    if (rules.maxRestarts > 0 && recent >= rules.maxRestarts) return undefined
    this.#restartsMs.push(nowMs)
    const firstMs = Math.max(rules.intervalMs, shortestDelayMs)
    const grown = Math.min(firstMs * 2 ** recent, Math.max(longestDelayMs, firstMs))
    return grown * (1 + random() * jitterShare)
  }

  /** When the next start is due, or that there were too many, in words too. Counts as a restart. */
  plan(nowMs: number, rules: RestartRules): RestartPlan {
    const recent = describeRecent(this.recent(nowMs, rules) + 1, rules.windowMs)
    const delayMs = this.next(nowMs, rules)
    if (delayMs === undefined)
      return { delayMs, words: `${recent}; it is not started again before somebody sets it up` }
    return { delayMs, words: `${recent}, next try in ${formatSeconds(delayMs)}` }
  }

  /** Somebody set it up again: what was before does not count. */
  forget(): void {
    this.#restartsMs = []
  }
}

/** `third time in 10 min`; nothing for a first time. */
function describeRecent(count: number, windowMs: number): string {
  if (count < 2) return ''
  const words = ['second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth', 'ninth', 'tenth']
  const ordinal = words[count - 2] ?? `${count}th`
  const minutes = Math.round(windowMs / 60_000)
  return `, ${ordinal} time in ${minutes >= 1 ? `${minutes} min` : `${Math.round(windowMs / 1000)} s`}`
}
