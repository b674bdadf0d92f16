/** The graceful command of one row: one at a time, while its process is up. What comes of it is logged. */
import type { ProcessIdentity } from '../../../lib/proc/process.ts'
import { supervisedBy } from '../observation/variables.ts'
import type { Context } from '../process/context.ts'
import type { SupervisedProcess } from '../process/process.ts'
import { gracefulCommandOf } from './commands.ts'

/** What a graceful command has to know of its row, and may do with it. */
export interface GracefulRow {
  readonly shown: SupervisedProcess
  readonly identity: ProcessIdentity | undefined
  complain(sentence: string): void
}

export class Graceful {
  readonly #context: Context
  readonly #row: GracefulRow
  #isRunning = false
  /** What changed meanwhile, the one that runs may not have seen. */
  #isAskedAgain = false

  constructor(context: Context, row: GracefulRow) {
    this.#context = context
    this.#row = row
  }

  get isRunning(): boolean {
    return this.#isRunning
  }

  /** `ended` is called after each run, and is done before the next one begins. */
  async ask(ended: () => void): Promise<void> {
    if (!this.#row.shown.isUp) return
    if (this.#isRunning) {
      this.#isAskedAgain = true
      return
    }
    this.#isRunning = true
    this.#tell(await this.#run())
    this.#isRunning = false
    const isAskedAgain = this.#isAskedAgain
    this.#isAskedAgain = false
    ended()
    if (isAskedAgain) await this.ask(ended)
  }

  async #run(): Promise<string | undefined> {
    const { host, systemctl, gracefulWithinMs: limitMs } = this.#context
    const { shown, identity } = this.#row
    const command = gracefulCommandOf(shown.spec, systemctl)
    return host.run(command, { limitMs, variables: supervisedBy(shown.spec.name, identity) })
  }

  #tell(reason: string | undefined): void {
    const { log } = this.#context
    const { name } = this.#row.shown.spec
    if (reason === undefined) {
      log.notice('a graceful command is done', { name })
      return
    }
    log.error('a graceful command failed', { name, reason })
    this.#row.complain(`graceful restart of ${name}: ${reason}`)
  }
}
