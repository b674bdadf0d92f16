/** Waiting for something no longer than a time, or than a signal says; what is no longer waited for goes on unwatched. */
import type { Clock } from '../../lib/time/clock.ts'

/** What `running` gives; rejects with the signal's reason when that comes first. */
export function untilAborted<T>(running: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    running.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

export interface Deadline {
  readonly clock: Clock
  readonly limitMs: number
  readonly signal: AbortSignal
  /** What it rejects with when the time is over. */
  late(): unknown
}

/**
 * Runs something with a signal that also says when the time is over, and does not wait for it then: it may be a call that
 * nobody answers.
 */
export async function within<T>(
  { clock, limitMs, signal, late }: Deadline,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted()
  const isOver = new AbortController()
  const both = AbortSignal.any([signal, isOver.signal])
  const timer = clock.after(limitMs, () => isOver.abort(late()))
  try {
    return await untilAborted(run(both), both)
  } finally {
    timer.cancel()
  }
}
