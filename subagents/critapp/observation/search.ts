/** The search for running processes: one scan of /proc serves all rows that ask within a fifth of a second. */

import type { ProcessStat } from '../../../lib/proc/process.ts'
import type { Clock } from '../../../lib/time/clock.ts'
import { scriptOf } from '../host/control-script.ts'
import type { ProcessView } from '../host/process-host.ts'
import { type FoundProcesses, findProcesses, isElsewhere, isNamed } from './find.ts'
import { supervisedVariable } from './variables.ts'

const scanEveryMs = 200

export interface SearchOptions {
  readonly clock: Clock
  /** The appliance's folder. */
  readonly home: string
  readonly host: ProcessView
}

export class ProcessSearch {
  readonly #options: SearchOptions
  #scanned: { readonly atMs: number; readonly processes: readonly ProcessStat[] } | undefined

  constructor(options: SearchOptions) {
    this.#options = options
  }

  /** The process that a row means, and how many of that name there are. */
  find(name: string, notOfGroup: number | undefined): FoundProcesses {
    const { home, host } = this.#options
    const isTrusted = (process: ProcessStat): boolean => host.mayBeOfRow(process, name)
    const search = { name, fromPidFile: host.readPidFile(name), home, notOfGroup, isTrusted, looks: host }
    const found = findProcesses(search, this.#scan())
    return found.main && host.isRunning(found.main) ? found : { main: undefined, count: found.count }
  }

  /** Whether a script runs the process of this name as another program: then it is not the process, but what starts it. */
  hasStarted(script: ProcessStat, name: string): boolean {
    const path = scriptOf(script.command)
    if (path === undefined) return false
    const { home, host } = this.#options
    return this.#scan().some(
      (one) =>
        one.pid !== script.pid &&
        one.startTicks >= script.startTicks &&
        isNamed(one, name, host) &&
        (one.parentPid === script.pid || host.environmentOf(one.pid, supervisedVariable) === name) &&
        !isElsewhere(one, home, host) &&
        host.mayBeOfRow(one, name) &&
        // The script itself, run once more, is a part of it.
        scriptOf(one.command) !== path,
    )
  }

  #scan(): readonly ProcessStat[] {
    const atMs = this.#options.clock.monotonicMs()
    if (!this.#scanned || atMs - this.#scanned.atMs >= scanEveryMs)
      this.#scanned = { atMs, processes: this.#options.host.processes() }
    return this.#scanned.processes
  }

  /** The next search reads /proc again: what to do depends on what runs now. */
  forget(): void {
    this.#scanned = undefined
  }
}
