/**
 * A start command that was taken for the process, as it has its name and ran for a while, and then ended with 0: it may
 * have been the script that started the process, which is looked for now.
 */
import type { ProcessIdentity } from '../../../lib/proc/process.ts'
import type { Timer } from '../../../lib/time/clock.ts'
import { scriptOf } from '../host/control-script.ts'
import type { StartedProgram } from '../host/process-host.ts'
import type { KnownProcess } from '../observation/known-process.ts'
import type { Context } from './context.ts'
import type { Row } from './row.ts'

/** What a script has just left behind may still be on its way to its own name. */
const withinMs = 1000
const lookEveryMs = 50

/** `settled` gets the process; nothing where there is none, and it was the process that ended. */
export type Settled = (successor: KnownProcess | undefined) => void

export class Succession {
  readonly #context: Context
  readonly #row: Row
  readonly #former: ProcessIdentity
  readonly #settled: Settled
  readonly #deadlineMs: number
  readonly #timer: Timer

  /** `program` is the row's process as far as was known; the end of one that leaves nobody behind is told at once. */
  constructor(
    context: Context,
    row: Row,
    { former, program }: { readonly former: ProcessIdentity; readonly program: StartedProgram },
    settled: Settled,
  ) {
    this.#context = context
    this.#row = row
    this.#former = former
    this.#settled = settled
    const mayLeave = scriptOf(former.command) !== undefined || program.remaining() > 0
    this.#deadlineMs = context.clock.monotonicMs() + (mayLeave ? withinMs : 0)
    this.#timer = context.clock.every(lookEveryMs, () => this.look())
  }

  cancel(): void {
    this.#timer.cancel()
  }

  look(): void {
    this.#context.attempt(() => this.#look())
  }

  #look(): void {
    const found = this.#find()
    const successor = found && this.#row.identify(found)
    const isOver = this.#row.shown.state === 'stopping' || this.#context.clock.monotonicMs() >= this.#deadlineMs
    if (!successor && !isOver) return
    this.cancel()
    this.#settled(successor)
  }

  /** Younger than the script: one that ran before is not of its making. */
  #find(): ProcessIdentity | undefined {
    const { pid, startTicks } = this.#former
    const { searcher } = this.#context
    searcher.forget()
    const { main } = searcher.find(this.#row.shown.spec.name, undefined)
    return main && main.pid !== pid && main.startTicks >= startTicks ? main : undefined
  }
}
