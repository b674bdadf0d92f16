/** The search for running processes: one scan of /proc serves all rows that ask within a fifth of a second. */
import type { Clock } from '../../lib/clock.ts'
import { isRunning, type ProcessStat } from '../../lib/proc/process.ts'
import { findProcesses, scanProcesses } from './find.ts'

const scanEveryMs = 200

export interface SearchOptions {
  readonly clock: Clock
  /** The appliance's folder and its run folder. */
  readonly home: string
  readonly runFolder: string
}

export class ProcessSearch {
  readonly #options: SearchOptions
  #scanned: { readonly atMs: number; readonly processes: readonly ProcessStat[] } | undefined

  constructor(options: SearchOptions) {
    this.#options = options
  }

  /** The process that a row means, and how many of that name there are. */
  find(name: string, notOfGroup: number | undefined): { main: ProcessStat | undefined; count: number } {
    const { clock, runFolder, home } = this.#options
    const atMs = clock.monotonicMs()
    if (!this.#scanned || atMs - this.#scanned.atMs >= scanEveryMs) this.#scanned = { atMs, processes: scanProcesses() }
    const found = findProcesses({ name, runFolder, home, notOfGroup }, this.#scanned.processes)
    return found.main && isRunning(found.main) ? found : { main: undefined, count: found.count }
  }

  /** The next one looks anew: what to do hangs on what runs now. */
  forget(): void {
    this.#scanned = undefined
  }
}
