/** What reads from elsewhere have in common: their answer, and how long and how often they may ask. */
import { groupBy } from '../../lib/mib/group.ts'
import type { RemoteRegion } from '../../lib/mib/registry.ts'
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
  /** Made when the first one ends: hardly any request sees that. */
  #gone: Set<RemoteBackend> | undefined

  /** How long a question waits whose backend asked for this time-out: never beyond the end of the request. */
  waitFor(timeoutMs: number): number {
    return Math.max(1, Math.min(timeoutMs, this.#deadlineMs - performance.now()))
  }

  /** False when the time is over, and for a backend that has ended: it would end the request's wait at once, for ever. */
  mayAsk(backend: RemoteBackend): boolean {
    return performance.now() + leastWaitMs <= this.#deadlineMs && !this.#gone?.has(backend)
  }

  /** Whether the backend ended, so that another one is to be asked; otherwise the error is its answer. */
  isGone(backend: RemoteBackend, error: unknown): boolean {
    if (!(error instanceof BackendGone)) return false
    this.#gone ??= new Set()
    this.#gone.add(backend)
    return true
  }
}

/** Asks each backend its part of the questions, all at once; nearly always there is one backend. */
export async function askEach<Q extends { readonly region: RemoteRegion }, A>(
  questions: readonly Q[],
  ask: (backend: RemoteBackend, group: readonly Q[]) => Promise<A>,
): Promise<A[]> {
  const backend = questions[0]?.region.backend
  if (!backend) return []
  if (questions.every(({ region }) => region.backend === backend)) return [await ask(backend, questions)]
  const groups = groupBy(questions, ({ region }) => region.backend)
  return Promise.all(Array.from(groups, ([one, group]) => ask(one, group)))
}

/** The longest time that any of them has. */
export function longestTimeoutMs(questions: readonly { readonly region: RemoteRegion }[]): number {
  let timeoutMs = 0
  for (const { region } of questions) timeoutMs = Math.max(timeoutMs, region.timeoutMs)
  return timeoutMs
}

/** RFC 3416 §4.2.1: of several failures the one with the least index is reported. */
export function earliest(failures: readonly (ReadFailure | undefined)[]): ReadFailure | undefined {
  let first: ReadFailure | undefined
  for (const failure of failures) if (failure && (!first || failure.position < first.position)) first = failure
  return first
}
