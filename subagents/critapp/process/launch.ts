/** A start command that was called: its program, as soon as there is one. */
import type { ProcessStat } from '../../../lib/proc/process.ts'
import type { ProcessView, StartedProgram } from '../host/process-host.ts'

export class Launch {
  /** Undefined until systemd has started it, where that does. */
  program: StartedProgram | undefined
  readonly #host: Pick<ProcessView, 'read'>

  constructor(host: Pick<ProcessView, 'read'>) {
    this.#host = host
  }

  get pid(): number | undefined {
    return this.program?.pid
  }

  get isRunning(): boolean {
    return this.program?.isRunning ?? false
  }

  /** Its own process while that runs. */
  itself(): ProcessStat | undefined {
    return this.pid !== undefined && this.isRunning ? this.#host.read(this.pid) : undefined
  }
}
