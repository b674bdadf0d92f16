/** What a request goes through: steps, each of which lets it go on, answers it, or drops it. */
import type { Answer } from '../message/respond.ts'

/** `goOn` to the next step; `drop`: it is not answered at all. */
export type Verdict = 'goOn' | 'drop' | Answer

/** A step that has its verdict at hand gives it without a promise. What it finds out it writes into the request. */
export type Step<Request> = (request: Request) => Verdict | Promise<Verdict>

/** Whose request goes through steps. */
export interface Walker {
  /** Its transaction ended while a step waited: no other is begun. */
  readonly isOver: boolean
  /** A step has to wait for something; called before that, for each such step. */
  waits(): void
  /** A step that waited has its verdict. */
  continues(): void
  /** The verdict of the step that did not let it go on. */
  stops(verdict: Exclude<Verdict, 'goOn'>): void
  /** A step that waited failed, or what followed on it; what fails before any waiting is thrown. */
  fails(error: unknown): void
}

/** Takes a request through the steps in their order, in this turn as far as none waits; `arrived` is called after the last. */
export function walk<Request>(
  steps: readonly Step<Request>[],
  request: Request,
  walker: Walker,
  arrived: () => void,
  from = 0,
): void {
  let at = from
  for (let step = steps[at]; step; step = steps[++at]) {
    const verdict = step(request)
    if (verdict === 'goOn') continue
    if (verdict instanceof Promise) {
      const next = at + 1
      walker.waits()
      void goOnAfter(verdict, walker, (settled) => {
        if (settled === 'goOn') walk(steps, request, walker, arrived, next)
        else walker.stops(settled)
      })
    } else walker.stops(verdict)
    return
  }
  arrived()
}

async function goOnAfter(verdict: Promise<Verdict>, walker: Walker, goOn: (verdict: Verdict) => void): Promise<void> {
  try {
    const settled = await verdict
    if (walker.isOver) return
    walker.continues()
    goOn(settled)
  } catch (error) {
    // What a step says that was told to end is of no interest.
    if (!walker.isOver) walker.fails(error)
  }
}
