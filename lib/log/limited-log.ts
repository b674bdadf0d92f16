/** A log for what others can cause: of each sentence a few lines at once and then one a second; the rest is counted. */

import { RateLimit } from '../bounds/rate-limit.ts'
import type { Clock } from '../time/clock.ts'
import type { Log, LogFields, LogLevel } from './log.ts'

/** Sentences are fixed and few; one that is made of parts after all must not fill the memory. */
const sentencesAtMost = 256

/** `heldBack` of a line says how many of the same sentence were left out before it. */
export function limitedLog(log: Log, clock: Clock, burst = 10, perSecond = 1): Log {
  const limits = new Map<string, RateLimit>()
  const limitOf = (sentence: string): RateLimit => {
    const key = limits.size < sentencesAtMost || limits.has(sentence) ? sentence : ''
    const limit = limits.get(key) ?? new RateLimit(clock, burst, perSecond)
    limits.set(key, limit)
    return limit
  }
  const emit =
    (level: LogLevel) =>
    (sentence: string, fields?: LogFields): void => {
      const heldBack = limitOf(sentence).take()
      if (heldBack === undefined) return
      log[level](sentence, heldBack > 0 ? { ...fields, heldBack } : fields)
    }
  return {
    debug: emit('debug'),
    info: emit('info'),
    notice: emit('notice'),
    warn: emit('warn'),
    error: emit('error'),
    child: (component) => limitedLog(log.child(component), clock, burst, perSecond),
  }
}
