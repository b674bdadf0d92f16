/** What reads from elsewhere have in common: their answer, and how long and how often they may ask. */
import { BackendGone, type RemoteBackend } from '../../lib/mib/remote.ts'
import type { ReadFailure } from './read-rules.ts'

/** Whole varbinds in BER, in the order they are sent. */
export type RemoteAnswer = ReadFailure | readonly Uint8Array[]

/** After this a request is over, however its backends come and go and whatever time-outs they asked for. */
export const wholeRequestMs = 10_000

/** With less time than this left no backend is asked any more: it could not be blamed for being late. */
const leastWaitMs = 1000

/** The bounds of one request: its time, and the backends that ended while it waited for them. */
export class Attempts {
  readonly #deadlineMs = performance.now() + wholeRequestMs
  readonly #gone = new Set<RemoteBackend>()

  /** How long a question waits whose backend asked for this time-out: never beyond the end of the request. */
  waitFor(timeoutMs: number): number {
    return Math.max(1, Math.min(timeoutMs, this.#deadlineMs - performance.now()))
  }

  /** False when the time is over, and for a backend that has ended: it would end the request's wait at once, for ever. */
  mayAsk(backend: RemoteBackend): boolean {
    return performance.now() + leastWaitMs <= this.#deadlineMs && !this.#gone.has(backend)
  }

  /** Whether the backend ended, so that another one is to be asked; otherwise the error is its answer. */
  isGone(backend: RemoteBackend, error: unknown): boolean {
    if (!(error instanceof BackendGone)) return false
    this.#gone.add(backend)
    return true
  }
}

/** RFC 3416 §4.2.1: of several failures the one with the least index is reported. */
export function earliest(failures: readonly (ReadFailure | undefined)[]): ReadFailure | undefined {
  let first: ReadFailure | undefined
  for (const failure of failures) if (failure && (!first || failure.position < first.position)) first = failure
  return first
}
