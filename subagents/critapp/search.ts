/** The search for running processes: one scan of /proc serves all rows that ask within a fifth of a second. */

import { isRunning, type ProcessStat, visibleProcesses } from '../../lib/proc/process.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { scriptOf } from './control-script.ts'
import { findProcesses, isElsewhere, isNamed } from './find.ts'
import { isSupervised } from './run.ts'
import { mayBeOfRow } from './trust.ts'

const scanEveryMs = 200

export interface SearchOptions {
  readonly clock: Clock
  /** The appliance's folder and its run folder. */
  readonly home: string
  readonly pidFileOf: (name: string) => string
}

export class ProcessSearch {
  readonly #options: SearchOptions
  #scanned: { readonly atMs: number; readonly processes: readonly ProcessStat[] } | undefined

  constructor(options: SearchOptions) {
    this.#options = options
  }

  /** The process that a row means, and how many of that name there are. */
  find(name: string, notOfGroup: number | undefined): { main: ProcessStat | undefined; count: number } {
    const { pidFileOf, home } = this.#options
    const isTrusted = (process: ProcessStat): boolean => mayBeOfRow(process, { name, pidFileOf })
    const found = findProcesses({ name, pidFile: pidFileOf(name), home, notOfGroup, isTrusted }, this.#scan())
    return found.main && isRunning(found.main) ? found : { main: undefined, count: found.count }
  }

  /** Whether a script runs the process of this name as another program: then it is not the process, but what starts it. */
  hasStarted(script: ProcessStat, name: string): boolean {
    const path = scriptOf(script.command)
    if (path === undefined) return false
    return this.#scan().some(
      (one) =>
        one.pid !== script.pid &&
        one.startTicks >= script.startTicks &&
        isNamed(one, name) &&
        (one.parentPid === script.pid || isSupervised(one.pid, name)) &&
        !isElsewhere(one, this.#options.home) &&
        mayBeOfRow(one, { name, pidFileOf: this.#options.pidFileOf }) &&
        // The script itself, run once more, is a part of it.
        scriptOf(one.command) !== path,
    )
  }

  #scan(): readonly ProcessStat[] {
    const atMs = this.#options.clock.monotonicMs()
    if (!this.#scanned || atMs - this.#scanned.atMs >= scanEveryMs)
      this.#scanned = { atMs, processes: visibleProcesses() }
    return this.#scanned.processes
  }

  /** The next search reads /proc again: what to do depends on what runs now. */
  forget(): void {
    this.#scanned = undefined
  }
}
