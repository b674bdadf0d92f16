/** The watch over processes that are not our children, which nobody tells of their end; and over those that come by themselves. */

import { isMissing, messageOf } from '../../lib/errors.ts'
import { boundOutput } from '../../lib/log/output-file.ts'
import { isRunning, type ProcessIdentity } from '../../lib/proc/process.ts'
import type { Timer } from '../../lib/time/clock.ts'
import type { Context } from './context.ts'
import { type ExitStatus, exitStatusOf, exitStatusOfUnit } from './exit-status.ts'
import type { Entry } from './process.ts'

export interface WatchEvents {
  entries(): Iterable<Entry>
  ended(entry: Entry, exitStatus: ExitStatus): void
  /** Wanted and actual state are to be compared: somebody may have started by hand what is down here. */
  mayDiffer(entry: Entry): void
}

/** A look at one process is two small files of /proc, some 50 us. */
const watchEveryMs = 100
const lookAroundEveryMs = 2_000

export class Watch {
  readonly #context: Context
  readonly #events: WatchEvents
  readonly #timers: Timer[] = []
  readonly #complaints = new Map<string, string>()

  constructor(context: Context, events: WatchEvents) {
    this.#context = context
    this.#events = events
  }

  begin(): void {
    const { clock } = this.#context.options
    this.#timers.push(clock.every(watchEveryMs, () => this.#each((entry) => this.#look(entry))))
    this.#timers.push(clock.every(lookAroundEveryMs, () => this.#each((entry) => this.#lookAround(entry))))
  }

  end(): void {
    for (const timer of this.#timers.splice(0)) timer.cancel()
  }

  #each(look: (entry: Entry) => void): void {
    for (const entry of this.#events.entries()) this.#context.attempt(() => look(entry))
  }

  #look(entry: Entry): void {
    this.#boundOutput(entry)
    const { identity, child, pidFile, isEndPending } = entry
    if (!identity || isEndPending || isRunning(identity)) return
    // Its own end is told of a child, and how it came.
    if (child?.pid === identity.pid && child.isRunning) return
    if (entry.shown.spec.unit !== '') void this.#askSystemd(entry, identity)
    else this.#events.ended(entry, isStoppedByUs(entry) ? asTold : exitStatusOf({ identity, pidFile }))
  }

  /** What keeps a file from being cut keeps no process from being looked at; it is logged once until it is another. */
  #boundOutput({ shown: { spec } }: Entry): void {
    const path = this.#context.outputPath(spec)
    try {
      boundOutput(path)
      this.#complaints.delete(path)
    } catch (error) {
      if (isMissing(error) || this.#complaints.get(path) === messageOf(error)) return
      this.#complaints.set(path, messageOf(error))
      this.#context.options.log.warn('cannot bound what a process prints', { name: spec.name, path, error })
    }
  }

  async #askSystemd(entry: Entry, identity: ProcessIdentity): Promise<void> {
    const { units } = this.#context
    const { round } = entry
    const { unit } = entry.shown.spec
    entry.isEndPending = true
    await units.refresh()
    entry.isEndPending = false
    if (entry.round !== round || entry.identity !== identity) return
    this.#events.ended(entry, exitStatusOfUnit(units.stateOf(unit), identity))
  }

  /** Workers come and go; and what is wanted may not be so. */
  #lookAround(entry: Entry): void {
    const { state } = entry.shown
    if (state === 'running' || state === 'adopted') {
      const { count } = this.#context.search(entry)
      if (count !== entry.shown.count && count > 0) {
        entry.shown.count = count
        this.#context.options.events.changed(entry.shown)
      }
    }
    this.#events.mayDiffer(entry)
  }
}

const asTold: ExitStatus = { code: -1, signal: 0, how: 'ended' }

/** It went as it was told to, or was killed for not going: there is nothing to find out. */
function isStoppedByUs({ shown, failureReason }: Entry): boolean {
  return shown.state === 'stopping' && failureReason === undefined
}
