/** What all parts of the supervisor share: time, log, whom to tell, the searches for processes, and how a state changes. */
import { join } from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { readPidFile } from '../../lib/proc/pid-file.ts'
import { type ProcessIdentity, type ProcessStat, readProcess } from '../../lib/proc/process.ts'
import { truncateUtf8 } from '../../lib/text.ts'
import type { Check } from './health.ts'
import type { Entry, ProcessSpec, SupervisedProcess } from './process.ts'
import { ProcessSearch } from './search.ts'
import { nextState, type ProcessEvent } from './states.ts'
import type { Systemctl } from './unit.ts'
import { Units } from './units.ts'

export interface SupervisorEvents {
  /** After every change that can be seen. */
  changed(process: SupervisedProcess): void
  started(process: SupervisedProcess, sentence: string): void
  exited(process: SupervisedProcess, sentence: string): void
  failed(process: SupervisedProcess, sentence: string): void
}

export interface SupervisorOptions {
  readonly clock: Clock
  readonly log: Log
  readonly events: SupervisorEvents
  /** The appliance's folder, its run folder, and where output of started processes goes. */
  readonly home: string
  /** Where NAME.pid may be, and the folders of such files, which are watched. */
  readonly pidFileOf: (name: string) => string
  readonly pidFolders: readonly string[]
  readonly outputFolder: string
  readonly check: Check
  readonly systemctl: Systemctl
  /** A graceful command that takes longer hangs, and is ended. */
  readonly gracefulWithinMs?: number
}

/** critAppLastError holds this many octets. */
const maxSentenceOctets = 255

export class Context {
  readonly options: SupervisorOptions
  readonly searcher: ProcessSearch
  readonly units: Units
  #complaint = ''

  /** `wantedUnits` are the systemd units that rows name now. */
  constructor(options: SupervisorOptions, wantedUnits: () => ReadonlySet<string>) {
    this.options = options
    this.searcher = new ProcessSearch(options)
    const { clock, log, systemctl } = options
    this.units = new Units({ clock, log, systemctl, wanted: wantedUnits })
  }

  /** Moves to the state that the table of states gives, and notifies who shows it. */
  move({ shown }: Entry, event: ProcessEvent): void {
    shown.state = nextState(shown.state, event)
    this.options.events.changed(shown)
  }

  /** Becomes critAppLastError; seen with the next change that is told. */
  complain({ shown }: Entry, sentence: string): void {
    shown.lastError = truncateUtf8(sentence, maxSentenceOctets)
  }

  /**
   * A look at what runs. What /proc does not show, for want of descriptors or of rights, is neither there nor gone: it is
   * left for the next look.
   */
  attempt(look: () => void): void {
    try {
      look()
    } catch (error) {
      const complaint = error instanceof Error ? error.message : String(error)
      if (complaint !== this.#complaint) this.options.log.error('cannot look at processes; trying again', { error })
      this.#complaint = complaint
    }
  }

  /** The process that a row means, if it runs, and how many it has. */
  search({ shown, formerGroup }: Entry): { main: ProcessStat | undefined; count: number } {
    const { unit, name } = shown.spec
    return unit === '' ? this.searcher.find(name, formerGroup) : this.units.find(unit)
  }

  /** From here on the row's process is this one. Throws, and changes nothing, where nobody can tell what it is. */
  know(entry: Entry, identity: ProcessIdentity): void {
    const { unit, name } = entry.shown.spec
    // What a unit leaves behind is systemd's, by its KillMode.
    const leads = unit === '' && readProcess(identity.pid)?.groupId === identity.pid
    const pidFile = this.readPidFile(name)?.pid === identity.pid ? this.pidFileOf(name) : undefined
    Object.assign(entry, { identity, leads, pidFile })
  }

  pidFileOf(name: string): string {
    return this.options.pidFileOf(name)
  }

  /** The process that the PID file of this name means, if that very one runs. */
  readPidFile(name: string): ProcessIdentity | undefined {
    return readPidFile(this.pidFileOf(name))
  }

  outputPath({ name }: ProcessSpec): string {
    // Two names never share a file.
    return join(this.options.outputFolder, `${encodeURIComponent(name)}.out`)
  }
}
