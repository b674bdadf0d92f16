/** Starting one process: what its start command leaves behind, or becomes, is found. */
import type { ProcessStat } from '../../../lib/proc/process.ts'
import { isWant } from '../../../lib/program/errno.ts'
import { describeExit, exitCodeOf, isSuccess, type ProgramExit, signalNumberOf } from '../../../lib/program/exit.ts'
import type { Timer } from '../../../lib/time/clock.ts'
import { isControlScript, startScriptMs } from '../host/control-script.ts'
import { isNamed } from '../observation/find.ts'
import type { Context } from '../process/context.ts'
import type { Launch } from '../process/launch.ts'
import type { ProcessSpec } from '../process/process.ts'
import type { Activity, Row } from '../process/row.ts'
import { startCommandOf } from './commands.ts'

/** A process in front runs when it has lived this long. */
const settleMs = 500
/** A start command that daemonizes has this long until its process is there. */
export const appearWithinMs = startScriptMs
/** While something starts or stops: how often it is looked at, where nothing tells. */
export const lookEveryMs = 50

export class Start implements Activity {
  readonly #context: Context
  readonly #row: Row
  readonly #launch: Launch
  readonly #beganMs: number
  readonly #timer: Timer
  #isOver = false

  /** Of a start command whose program is there, or could not be started. */
  constructor(context: Context, row: Row, launch: Launch) {
    this.#context = context
    this.#row = row
    this.#launch = launch
    this.#beganMs = context.clock.monotonicMs()
    this.#timer = context.clock.every(lookEveryMs, () => context.attempt(() => this.#look()))
  }

  cancel(): void {
    this.#isOver = true
    this.#timer.cancel()
  }

  lookNow(): void {
    this.#context.searcher.forget()
    this.#look()
  }

  programEnded(exit: ProgramExit): void {
    const { name, unit } = this.#spec
    if (exit.kind === 'notStarted') {
      const isForWant = isWant(exit.code)
      const advice = isForWant ? '' : '; see critAppStartCommand'
      this.#fail(`${this.#commandText}: ${exit.reason}${advice}`, isForWant)
      return
    }
    if (!isSuccess(exit)) {
      const said = this.#context.host.lastLine(name)
      const status = { code: exitCodeOf(exit), signal: signalNumberOf(exit) }
      const sentence = `${this.#commandText} ${describeExit(exit)}`
      this.#row.handle('startFailed', { sentence, said, isForWant: false, status })
      return
    }
    if (unit !== '') void this.#context.units.refresh().then(() => this.#context.attempt(() => this.#look()))
    this.lookNow() // it left a daemon behind, which may be there already
  }

  get #spec(): ProcessSpec {
    return this.#row.shown.spec
  }

  get #commandText(): string {
    return startCommandOf(this.#spec, this.#context.systemctl).text
  }

  /** Has the child settled in front, or has the real process appeared? */
  #look(): void {
    if (this.#isOver) return
    const { name, unit } = this.#spec
    const itself = this.#launch.itself()
    const livedMs = this.#context.clock.monotonicMs() - this.#beganMs
    const isLate = livedMs > appearWithinMs
    const real = this.#find(itself, livedMs)
    // It may be that nobody can tell what it is: then this is looked at again, and is all as it was.
    if (real) this.#row.handle('appeared', this.#row.identify(real))
    else if (isLate && !(unit !== '' && itself)) {
      // systemd has time-outs of its own, and its answer is awaited.
      const missing = unit === '' ? `no process named ${name} appeared` : `${unit} has no process`
      this.#fail(`${this.#commandText} ended, but ${missing}`)
    }
  }

  #find(itself: ProcessStat | undefined, livedMs: number): ProcessStat | undefined {
    const { unit } = this.#spec
    const announced = this.#findAnnounced()
    if (announced) return announced
    if (unit === '' && itself && livedMs > settleMs && this.#isProcessItself(itself)) return itself
    const isLate = livedMs > appearWithinMs
    // While the start command runs, what it has started may not serve yet: it ends when that does.
    const found = !itself || isLate ? this.#row.search().main : undefined
    // It may run in front under another name than its row says.
    return found ?? (isLate && unit === '' ? itself : undefined)
  }

  /**
   * The process of a PID file that was just written, where a health check says whether it serves: what its start
   * command still has to say is not waited for then.
   */
  #findAnnounced(): ProcessStat | undefined {
    const { name, unit, health } = this.#spec
    if (unit !== '' || health.kind === 'none') return undefined
    const named = this.#context.host.readPidFile(name)
    const found = named && this.#row.search().main
    return found?.pid === named?.pid ? found : undefined
  }

  /** Runs in front under the row's name; a script of that name may also be what starts the daemon. */
  #isProcessItself(itself: ProcessStat): boolean {
    return (
      isFrontProcess(itself, this.#spec.name, this.#context) &&
      !this.#context.searcher.hasStarted(itself, this.#spec.name)
    )
  }

  #fail(sentence: string, isForWant = false): void {
    this.#row.handle('startFailed', { sentence, isForWant })
  }
}

/** A start command is the process if it stays in front; a script that starts the process is let end. */
export function isFrontProcess(process: ProcessStat, name: string, { host }: Pick<Context, 'host'>): boolean {
  return isNamed(process, name, host) && !isControlScript(process, (one) => host.ageMs(one))
}
