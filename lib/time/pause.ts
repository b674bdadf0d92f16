/** Waiting on a clock, ended early by a signal. */
import type { Clock } from './clock.ts'

/** Resolves when the time is over or the signal says that nobody waits any more, whichever comes first. */
export function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const end = (): void => {
      timer.cancel()
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = clock.after(ms, end)
    signal?.addEventListener('abort', end)
  })
}
