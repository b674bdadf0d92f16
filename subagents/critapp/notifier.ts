/** Shows what the supervisor does in the rows, and sends the notifications of the module. */
import type { ModuleHost } from '../../lib/mib/module.ts'
import type { Timer } from '../../lib/time/clock.ts'
import type { Globals } from './globals.ts'
import {
  critAppAllNowRunning,
  critAppNotAllRunning,
  critAppProcExited,
  critAppProcStarted,
  critAppRestartFailed,
} from './mib.ts'
import type { SupervisedProcess } from './process/process.ts'
import { columnsOf, type ProcRow, type ProcTable } from './rows.ts'
import type { SupervisorEvents } from './supervision/supervisor.ts'

export class Notifier implements SupervisorEvents {
  readonly #host: ModuleHost
  readonly #processes: ProcTable
  readonly #globals: Globals
  /** Whether all ran when it was last looked at; not before the first time that they did. */
  #allRan = false
  #repetition: Timer | undefined

  constructor(host: ModuleHost, processes: ProcTable, globals: Globals) {
    this.#host = host
    this.#processes = processes
    this.#globals = globals
  }

  stop(): void {
    this.#repetition?.cancel()
  }

  changed(process: SupervisedProcess): void {
    this.#processes.patch({ critAppProcIndex: process.spec.index }, columnsOf(process))
  }

  happened(what: 'started' | 'exited' | 'failed', process: SupervisedProcess, sentence: string): void {
    const row = this.#processes.get({ critAppProcIndex: process.spec.index })
    if (row) this.#notify(what, row, sentence)
    if (what !== 'failed') this.#compareAll(row)
  }

  #notify(what: 'started' | 'exited' | 'failed', row: ProcRow, sentence: string): void {
    switch (what) {
      case 'started':
        if (row.critAppTrapOnStart) this.#host.notify(critAppProcStarted, row, row, sentence)
        return
      case 'exited':
        if (row.critAppTrapOnExit) this.#host.notify(critAppProcExited, row, row, sentence)
        return
      case 'failed':
        this.#host.notify(critAppRestartFailed, row, row, sentence)
    }
  }

  /** critAppNotAllRunning when a process that is wanted up goes; critAppAllNowRunning when all run, and again at its interval. */
  #compareAll(row: ProcRow | undefined): void {
    const { critAppTrapWhenNotAllRunning, critAppTrapWhenAllRunning, critAppAllRunningInterval } =
      this.#globals.scalars()
    const { critAppTotal, critAppRunning } = this.#globals.counts()
    const allRun = critAppTotal > 0 && critAppTotal === critAppRunning
    const isLost = row?.critAppAdminStatus === 'up' && row.critAppOperStatus === 'down'
    if (this.#allRan && !allRun && isLost && critAppTrapWhenNotAllRunning) {
      const sentence = `${row.critAppProcName} is down: ${critAppRunning} of ${critAppTotal} processes run`
      this.#host.notify(critAppNotAllRunning, row, { ...row, critAppTotal, critAppRunning }, sentence)
    }
    if (allRun && !this.#allRan && critAppTrapWhenAllRunning) {
      this.#notifyAllRun()
      if (critAppAllRunningInterval > 0)
        this.#repetition = this.#host.clock.every(critAppAllRunningInterval * 1000, () => this.#notifyAllRun())
    }
    if (!allRun) this.#repetition?.cancel()
    this.#allRan = allRun
  }

  #notifyAllRun(): void {
    const counts = this.#globals.counts()
    const sentence = `all ${counts.critAppTotal} processes that are wanted run`
    this.#host.notify(critAppAllNowRunning, {}, counts, sentence)
  }
}
