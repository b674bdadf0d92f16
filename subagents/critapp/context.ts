/** What all parts of the supervisor share: time, log, whom to tell, the searches for processes, and how a state changes. */
import { join } from 'node:path'
import { messageOf } from '../../lib/errors.ts'
import { readPidFile } from '../../lib/files/pid-file.ts'
import type { Log } from '../../lib/log/log.ts'
import { ageMs, type ProcessIdentity, type ProcessStat, readProcess } from '../../lib/proc/process.ts'
import { SpareDescriptors } from '../../lib/process/spare-descriptors.ts'
import { type Launcher, ownLauncher } from '../../lib/program/launcher.ts'
import { truncateUtf8 } from '../../lib/text/text.ts'
import type { Clock } from '../../lib/time/clock.ts'
import type { ProcessCommand } from './commands.ts'
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
  /** Children by default. */
  readonly launcher?: Launcher
  /** A graceful command that takes longer hangs, and is ended. */
  readonly gracefulWithinMs?: number
}

/** critAppLastError holds this many octets. */
const maxSentenceOctets = 255

/** A process that was looked at, and what a row remembers of it. */
export interface KnownProcess extends Pick<Entry, 'leads' | 'pidFile'> {
  readonly identity: ProcessIdentity
  readonly aliveMs: number
}

/** Enough for a scan of /proc, and for the pipes of a command that is started. */
const spareDescriptors = 6
const lookAgainMs = 1000

export class Context {
  readonly options: SupervisorOptions
  readonly spare = new SpareDescriptors(spareDescriptors)
  readonly searcher: ProcessSearch
  readonly units: Units
  #complaint = ''

  /** `wantedUnits` are the systemd units that rows name now. */
  constructor(options: SupervisorOptions, wantedUnits: () => ReadonlySet<string>) {
    this.options = options
    this.searcher = new ProcessSearch(options)
    const { clock, log, systemctl } = options
    this.units = new Units({ clock, log, systemctl, wanted: wantedUnits, spare: this.spare })
  }

  /** Moves to the state that the table of states gives, and notifies who shows it. */
  move({ shown }: Entry, event: ProcessEvent): void {
    shown.state = nextState(shown.state, event)
    this.options.events.changed(shown)
  }

  /** Becomes critAppLastError, without what was printed; seen with the next change that is told. */
  complain({ shown }: Entry, sentence: string, said = ''): void {
    shown.lastError = truncateUtf8(sentence, maxSentenceOctets)
    shown.lastSaid = truncateUtf8(said, maxSentenceOctets)
  }

  /**
   * A look at what runs. What /proc does not show, for want of descriptors or of rights, is neither there nor gone: it is
   * left for the next look.
   */
  attempt(look: () => void): boolean {
    try {
      this.spare.retry(look)
      return true
    } catch (error) {
      const complaint = messageOf(error)
      if (complaint !== this.#complaint) this.options.log.error('cannot look at processes; trying again', { error })
      this.#complaint = complaint
      return false
    }
  }

  /** The same, again and again until it is done, or something else began with the row. What it does must begin with the look. */
  persist(entry: Entry, act: () => void): void {
    if (this.attempt(act)) return
    const { round } = entry
    entry.timer?.cancel()
    entry.timer = this.options.clock.after(lookAgainMs, () => {
      if (entry.round === round) this.persist(entry, act)
    })
  }

  /** The process that a row means, if it runs, and how many it has. */
  search({ shown, formerGroup }: Entry): { main: ProcessStat | undefined; count: number } {
    const { unit, name } = shown.spec
    return unit === '' ? this.searcher.find(name, formerGroup) : this.units.find(unit)
  }

  /** What is to be known of a process before it is a row's. Throws where nobody can tell. */
  identify({ shown }: Entry, identity: ProcessIdentity): KnownProcess {
    const { unit, name } = shown.spec
    return {
      identity,
      // What a unit leaves behind is systemd's, by its KillMode.
      leads: unit === '' && readProcess(identity.pid)?.groupId === identity.pid,
      pidFile: this.readPidFile(name)?.pid === identity.pid ? this.pidFileOf(name) : undefined,
      aliveMs: ageMs(identity),
    }
  }

  /** From here on the row's process is this one. */
  know(entry: Entry, { identity, leads, pidFile }: KnownProcess): void {
    Object.assign(entry, { identity, leads, pidFile })
  }

  /** A row's own commands have none of our limits. */
  launcherOf({ asksSystemd }: ProcessCommand): Launcher {
    return asksSystemd ? ownLauncher : (this.options.launcher ?? ownLauncher)
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
