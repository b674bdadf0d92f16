/** Stopping one process: its command or SIGTERM, and SIGKILL to its whole group when its time is over. */
import type { ProcessIdentity } from '../../../lib/proc/process.ts'
import type { Timer } from '../../../lib/time/clock.ts'
import { supervisedBy } from '../observation/variables.ts'
import type { Context } from '../process/context.ts'
import type { Activity, Row } from '../process/row.ts'
import { terminateCommandOf, unitKillCommand } from './commands.ts'

const killWithinMs = 10_000

/** Of a process that is known. Its end is seen by others. */
export class Stop implements Activity {
  readonly #context: Context
  readonly #row: Row
  readonly #identity: ProcessIdentity
  readonly #timer: Timer
  #isOver = false

  constructor(context: Context, row: Row, identity: ProcessIdentity) {
    this.#context = context
    this.#row = row
    this.#identity = identity
    const { log, clock, host, systemctl } = context
    const { spec } = row.shown
    const limitMs = spec.stopTimeoutSeconds * 1000
    const command = terminateCommandOf(spec, systemctl)
    if (!command) this.#signal('SIGTERM')
    else
      void host.run(command, { limitMs, variables: supervisedBy(spec.name, identity) }).then((reason) => {
        if (reason === undefined) return
        log.warn('a terminate command failed; sending SIGTERM', { name: spec.name, reason })
        if (!this.#isOver) this.#signal('SIGTERM')
      })
    this.#timer = clock.after(limitMs, () => this.#kill())
  }

  cancel(): void {
    this.#isOver = true
    this.#timer.cancel()
  }

  #kill(): void {
    const { name, stopTimeoutSeconds: seconds } = this.#row.shown.spec
    this.#context.log.warn('a process did not stop in time and is killed', { name, seconds })
    killProcess(this.#context, this.#row, () => this.#signal('SIGKILL'))
  }

  #signal(signal: NodeJS.Signals): void {
    this.#context.host.signal(this.#identity, signal)
  }
}

/** A unit has processes that its main one does not lead; `signal` is for all others, and where systemd cannot be asked. */
export function killProcess({ host, systemctl }: Context, { shown: { spec } }: Row, signal: () => void): void {
  if (spec.unit === '') signal()
  else
    void host.run(unitKillCommand(spec, systemctl), { limitMs: killWithinMs }).then((reason) => {
      if (reason !== undefined) signal()
    })
}
