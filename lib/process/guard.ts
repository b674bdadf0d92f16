/**
 * The guard around every callback of a process, one for all of it: it knows no more of what failed than `a timer`, and nobody is
 * told. Whoever can still answer for what failed uses FaultGuard within it. What a timer, a message or an accepted connection
 * throws, a bug of ours or a resource that ran out, costs that one and not the process with all that it serves.
 */

import { RateLimit } from '../bounds/rate-limit.ts'
import type { Log } from '../log/log.ts'
import type { Clock } from '../time/clock.ts'

/** Takes what was thrown, and by what: `a timer`. */
export type Report = (what: string, error: unknown) => void

let report: Report | undefined

/** So many reports at once, with their stacks, and one in ten seconds after that; the others are counted. */
const reportsAtOnce = 20
const reportsPerSecond = 0.1

/**
 * From here on the process goes on after what is guarded has thrown, and after a promise that nobody waits for was rejected. For a
 * daemon, whose log may change. Until then, and in commands and tests, what is thrown is thrown.
 */
export function guardProcess(log: () => Pick<Log, 'error'>, clock: Clock): void {
  const limit = new RateLimit(clock, reportsAtOnce, reportsPerSecond)
  report = (what, error) => {
    const held = limit.take()
    if (held !== undefined) log().error(`bug: ${what} failed; the process goes on`, { error, more: held || undefined })
  }
  process.on('unhandledRejection', (error) => report?.('a promise that nobody waits for', error))
}

/** The function, which throws no more where the process is guarded. `what` is said in the log. */
export function guarded<Args extends unknown[]>(what: string, run: (...args: Args) => void): (...args: Args) => void {
  return (...args) => {
    try {
      run(...args)
    } catch (error) {
      if (!report) throw error
      report(what, error)
    }
  }
}
