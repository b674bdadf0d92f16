/**
 * A start command that was taken for the process, as it has its name and ran for a while, and then ended with 0: it may
 * have been the script that started the process, which is looked for now.
 */

import type { ProcessIdentity } from '../../lib/proc/process.ts'
import type { Program } from '../../lib/program/program.ts'
import type { Timer } from '../../lib/time/clock.ts'
import type { Context } from './context.ts'
import { scriptOf } from './control-script.ts'
import type { ExitStatus } from './exit-status.ts'
import type { Entry } from './process.ts'

export interface SuccessorEvents {
  replaced(entry: Entry, identity: ProcessIdentity): void
  /** There is none: it was the process that ended. */
  ended(entry: Entry, exitStatus: ExitStatus): void
}

/** What a script has just left behind may still be on its way to its own name. */
const withinMs = 1000
const lookEveryMs = 50

export class Successors {
  readonly #context: Context
  readonly #events: SuccessorEvents

  constructor(context: Context, events: SuccessorEvents) {
    this.#context = context
    this.#events = events
  }

  /** `child` is the entry's process as far as was known; the end of a program that leaves nobody behind is told at once. */
  await(entry: Entry, child: Program, exitStatus: ExitStatus): void {
    const { clock } = this.#context.options
    const { round, identity } = entry
    if (!identity) return
    const mayLeave = scriptOf(identity.command) !== undefined || child.remaining() > 0
    const deadlineMs = clock.monotonicMs() + (mayLeave ? withinMs : 0)
    entry.isEndPending = true
    let timer: Timer | undefined
    const settle = (act: () => void): void => {
      timer?.cancel()
      entry.isEndPending = false
      act()
    }
    const look = (): void => {
      if (entry.round !== round || entry.identity !== identity) return settle(() => {})
      const successor = this.#find(entry, identity)
      if (successor) settle(() => this.#events.replaced(entry, successor))
      else if (entry.shown.state === 'stopping' || clock.monotonicMs() >= deadlineMs)
        settle(() => this.#events.ended(entry, exitStatus))
    }
    timer = clock.every(lookEveryMs, () => this.#context.attempt(look))
    this.#context.attempt(look)
  }

  /** Younger than the script: one that ran before is not of its making. */
  #find(entry: Entry, { pid, startTicks }: ProcessIdentity): ProcessIdentity | undefined {
    const { searcher } = this.#context
    searcher.forget()
    const { main } = searcher.find(entry.shown.spec.name, undefined)
    return main && main.pid !== pid && main.startTicks >= startTicks ? main : undefined
  }
}
