/** What the rows of one SET, or of one file, ask for: acted on together, for their order counts. */
import { type Changes, isGracefulRestart } from './proc-table.ts'
import { type ProcRow, specOf } from './rows.ts'
import type { Request, Supervisor } from './supervision/supervisor.ts'

interface RowRequest extends Request {
  readonly isGraceful: boolean
}

export class Requests {
  readonly #isActive: (index: number) => boolean
  #asked: RowRequest[] = []

  /** `isActive` is asked when it is acted on: a row may have been destroyed since. */
  constructor(isActive: (index: number) => boolean) {
    this.#isActive = isActive
  }

  ask(row: ProcRow, changes: Changes, supervisor: Supervisor): void {
    if (this.#asked.length === 0) queueMicrotask(() => this.#act(supervisor))
    const isSet = changes.critAppAdminStatus !== undefined
    this.#asked.push({ spec: specOf(row), isSet, isGraceful: isGracefulRestart(changes) })
  }

  #act(supervisor: Supervisor): void {
    const requests = this.#asked.filter(({ spec }) => this.#isActive(spec.index))
    this.#asked = []
    supervisor.configureAll(requests)
    for (const { spec, isGraceful } of requests) if (isGraceful) supervisor.graceful(spec.index)
  }
}
