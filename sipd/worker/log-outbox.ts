/** Log lines on their way to the parent, which has the files: gathered, so that a line costs no message of its own. */
import type { Clock, Timer } from '../../lib/clock.ts'
import type { FromWorker } from './protocol.ts'

const gatherMs = 100
/** More than this is sent at once. */
const gatherOctets = 65_536

export class LogOutbox {
  readonly #clock: Clock
  readonly #tell: (message: FromWorker) => void
  #access = ''
  #timer: Timer | undefined

  constructor(clock: Clock, tell: (message: FromWorker) => void) {
    this.#clock = clock
    this.#tell = tell
  }

  /** At once: it may be the last that this process says. */
  error(line: string): void {
    this.#tell({ kind: 'log', log: 'error', lines: line })
  }

  access(line: string): void {
    this.#access += line
    if (this.#access.length > gatherOctets) this.flush()
    else this.#timer ??= this.#clock.after(gatherMs, () => this.flush())
  }

  flush(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#access === '') return
    this.#tell({ kind: 'log', log: 'access', lines: this.#access })
    this.#access = ''
  }
}
