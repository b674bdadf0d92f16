/** A user that is not known here may have registered at another worker a moment ago: what that one told is waited for. */
import type { Clock } from '../../lib/time/clock.ts'
import type { RoutedRequest } from './request.ts'
import type { Step } from './step.ts'

/** `again` is the step that looks for targets. */
export function settle(clock: Clock, settleMs: number, again: Step<RoutedRequest>): Step<RoutedRequest> {
  return (routed) => {
    if (routed.targets !== undefined) return 'goOn'
    return settled(clock, settleMs, routed.signal).then(() => again(routed))
  }
}

function settled(clock: Clock, settleMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const waiting = clock.after(settleMs, resolve)
    const end = (): void => {
      waiting.cancel()
      resolve()
    }
    signal.addEventListener('abort', end, { once: true })
  })
}
