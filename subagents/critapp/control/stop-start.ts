/**
 * Stopping what is about to start: a start command that will leave a daemon behind is let end first, so that there is a process that
 * can be stopped; one that stays in front is the process.
 */
import type { ProcessStat } from '../../../lib/proc/process.ts'
import { isSuccess, type ProgramExit } from '../../../lib/program/exit.ts'
import type { Timer } from '../../../lib/time/clock.ts'
import { exitStatusOfProgram } from '../host/exit-status.ts'
import type { Context } from '../process/context.ts'
import type { Launch } from '../process/launch.ts'
import type { Activity, Row } from '../process/row.ts'
import { appearWithinMs, isFrontProcess, lookEveryMs } from './start.ts'
import { killProcess } from './stop.ts'

export class StopStart implements Activity {
  readonly #context: Context
  readonly #row: Row
  readonly #launch: Launch
  readonly #deadlineMs: number
  readonly #timer: Timer

  constructor(context: Context, row: Row, launch: Launch) {
    this.#context = context
    this.#row = row
    this.#launch = launch
    const { clock } = context
    this.#deadlineMs = clock.monotonicMs() + Math.min(row.shown.spec.stopTimeoutSeconds * 1000, appearWithinMs)
    this.#timer = clock.every(lookEveryMs, () => this.lookNow())
  }

  cancel(): void {
    this.#timer.cancel()
  }

  lookNow(): void {
    this.#context.attempt(() => this.#look())
  }

  /** With code 0 it left a daemon behind, which is still to be found and stopped. */
  programEnded(exit: ProgramExit): void {
    if (isSuccess(exit)) this.#context.searcher.forget()
    else this.#row.handle('exitedAsRequested', exitStatusOfProgram(exit))
  }

  #look(): void {
    const itself = this.#launch.itself()
    const real = itself ? this.#ownProcess(itself) : this.#row.search().main
    if (real) this.#row.handle('appeared', this.#row.identify(real))
    else if (this.#context.clock.monotonicMs() > this.#deadlineMs) {
      this.#timer.cancel()
      if (itself) killProcess(this.#context, this.#row, () => this.#context.host.signal(itself, 'SIGKILL'))
      else this.#row.handle('exitedAsRequested', { code: -1, signal: 0, how: 'never appeared' })
    }
  }

  #ownProcess(itself: ProcessStat): ProcessStat | undefined {
    return isFrontProcess(itself, this.#row.shown.spec.name, this.#context) ? itself : undefined
  }
}
