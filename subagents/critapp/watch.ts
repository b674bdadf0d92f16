/** The watch over processes that are not our children, which nobody tells of their end; and over those that come by themselves. */
import type { Timer } from '../../lib/clock.ts'
import { isRunning, type ProcessIdentity } from '../../lib/proc/process.ts'
import { type Finding, inquire, inquireUnit } from './inquest.ts'
import { boundOutput } from './output.ts'
import type { Entry } from './process.ts'
import type { Surroundings } from './surroundings.ts'

export interface WatchEvents {
  entries(): Iterable<Entry>
  ended(entry: Entry, finding: Finding): void
  /** What is down here may run: somebody may have started it by hand. */
  mayRun(entry: Entry): void
}

/** A look at one process is two small files of /proc, some 50 us. */
const watchEveryMs = 100
const lookAroundEveryMs = 2_000

export class Watch {
  readonly #surroundings: Surroundings
  readonly #events: WatchEvents
  readonly #timers: Timer[] = []

  constructor(surroundings: Surroundings, events: WatchEvents) {
    this.#surroundings = surroundings
    this.#events = events
  }

  begin(): void {
    const { clock } = this.#surroundings.options
    this.#timers.push(clock.every(watchEveryMs, () => this.#look()))
    this.#timers.push(clock.every(lookAroundEveryMs, () => this.#lookAround()))
  }

  end(): void {
    for (const timer of this.#timers.splice(0)) timer.cancel()
  }

  #look(): void {
    for (const entry of this.#events.entries()) {
      const { identity, child, pidFile, isUnderInquest } = entry
      if (!identity || isUnderInquest || child?.pid === identity.pid || isRunning(identity)) continue
      if (entry.shown.spec.unit !== '') void this.#askSystemd(entry, identity)
      else this.#events.ended(entry, isStoppedByUs(entry) ? asTold : inquire({ identity, pidFile }))
    }
  }

  async #askSystemd(entry: Entry, identity: ProcessIdentity): Promise<void> {
    const { units } = this.#surroundings
    const { round } = entry
    const { unit } = entry.shown.spec
    entry.isUnderInquest = true
    await units.refresh()
    entry.isUnderInquest = false
    if (entry.round !== round || entry.identity !== identity) return
    this.#events.ended(entry, inquireUnit(units.stateOf(unit), identity))
  }

  /** Somebody may have started by hand what is down here; and workers come and go. */
  #lookAround(): void {
    for (const entry of this.#events.entries()) {
      const { state, spec } = entry.shown
      if (state === 'running' || state === 'adopted') {
        boundOutput(this.#surroundings.outputPath(spec))
        const { count } = this.#surroundings.search(entry)
        if (count === entry.shown.count || count === 0) continue
        entry.shown.count = count
        this.#surroundings.options.events.changed(entry.shown)
      } else if (spec.findOnStartup && (state === 'stopped' || state === 'failed')) this.#events.mayRun(entry)
    }
  }
}

const asTold: Finding = { code: -1, signal: 0, how: 'ended' }

/** It went as it was told to, or was killed for not going: there is nothing to find out. */
function isStoppedByUs({ shown, sickness }: Entry): boolean {
  return shown.state === 'stopping' && sickness === undefined
}
