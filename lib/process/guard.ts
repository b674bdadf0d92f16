/**
 * The guard around every callback of a process, one for all of it: it knows no more of what failed than `a timer`, and nobody is
 * told. Whoever can still answer for what failed uses FaultGuard within it. What a timer, a message or an accepted connection
 * throws, a bug of ours or a resource that ran out, costs that one and not the process with all that it serves.
 */

import { RateLimit } from '../bounds/rate-limit.ts'
import { type Report, reportFaultsTo } from '../guarded.ts'
import type { Log } from '../log/log.ts'
import type { Clock } from '../time/clock.ts'

/** So many reports at once, with their stacks, and one in ten seconds after that; the others are counted. */
const reportsAtOnce = 20
const reportsPerSecond = 0.1

/**
 * From here on the process goes on after what is guarded has thrown, and after a promise that nobody waits for was rejected. For a
 * daemon, whose log may change. Until then, and in commands and tests, what is thrown is thrown.
 */
export function guardProcess(log: () => Pick<Log, 'error'>, clock: Clock): void {
  const limit = new RateLimit(clock, reportsAtOnce, reportsPerSecond)
  const report: Report = (what, error) => {
    const held = limit.take()
    if (held !== undefined) log().error(`bug: ${what} failed; the process goes on`, { error, more: held || undefined })
  }
  reportFaultsTo(report)
  process.on('unhandledRejection', (error) => report('a promise that nobody waits for', error))
}
