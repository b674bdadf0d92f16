/** Ends what a script leaves behind in its session, and waits a moment for the last of what it printed. */
import type { Log } from '../../lib/log/log.ts'
import { type Leader, signalSession } from '../../lib/proc/session.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'

const lookEveryMs = 10
/** What left the session may keep its output open; nobody waits for that longer than this. */
const drainMs = 200
const stuckAfterMs = 5000

export interface SessionEnd {
  readonly clock: Clock
  readonly log: Log
  readonly leader: Leader
  /** Resolves when all of its output is read. */
  readonly closed: Promise<unknown>
}

/** Calls `ended` once, perhaps before it returns. */
export function endSession({ clock, log, leader, closed }: SessionEnd, ended: () => void): void {
  let timer: Timer | undefined
  let isDrained = false
  let isOver = false
  let left = Number.POSITIVE_INFINITY
  const beganMs = clock.monotonicMs()
  const look = (): void => {
    if (isOver) return
    // From an empty session nothing can be forked any more.
    if (left > 0) left = signalSession(leader, 'SIGKILL')
    const waitedMs = clock.monotonicMs() - beganMs
    const isStuck = waitedMs > stuckAfterMs // asleep in the kernel, which no signal ends
    if (isStuck && left > 0) log.error('processes of a script cannot be ended', { session: leader.pid, left })
    if ((left > 0 && !isStuck) || (!isDrained && waitedMs < drainMs)) return
    isOver = true
    timer?.cancel()
    ended()
  }
  timer = clock.every(lookEveryMs, look)
  void closed.then(() => {
    isDrained = true
    look()
  })
  look()
}
