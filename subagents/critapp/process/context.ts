/** What all rows share: time, log, whom to notify, the host with its processes, and the searches for them. */
import { RateLimit } from '../../../lib/bounds/rate-limit.ts'
import { messageOf } from '../../../lib/errors.ts'
import type { Log } from '../../../lib/log/log.ts'
import type { Clock } from '../../../lib/time/clock.ts'
import type { Check } from '../health/health.ts'
import type { ProcessHost } from '../host/process-host.ts'
import type { Systemctl } from '../host/unit.ts'
import { ProcessSearch } from '../observation/search.ts'
import { Units } from '../observation/units.ts'
import type { SupervisedProcess } from './process.ts'

export interface SupervisorEvents {
  /** After every change that can be seen. */
  changed(process: SupervisedProcess): void
  /** What people may be notified of, in one sentence; `changed` came before. */
  happened(what: 'started' | 'exited' | 'failed', process: SupervisedProcess, sentence: string): void
}

export interface SupervisorOptions {
  readonly clock: Clock
  readonly log: Log
  readonly events: SupervisorEvents
  /** The appliance's folder: a process that says it serves another one is not ours. */
  readonly home: string
  readonly host: ProcessHost
  readonly check: Check
  readonly systemctl: Systemctl
  /** A graceful command that takes longer hangs, and is ended. */
  readonly gracefulWithinMs?: number
}

/** A graceful command may wait for work to end. */
const defaultGracefulWithinMs = 300_000

export class Context {
  readonly clock: Clock
  readonly log: Log
  readonly events: SupervisorEvents
  readonly host: ProcessHost
  readonly check: Check
  readonly systemctl: Systemctl
  readonly gracefulWithinMs: number
  readonly searcher: ProcessSearch
  readonly units: Units
  /** Health checks that cannot be made: what is missing is missing at every one of them. */
  readonly uncheckedPace: RateLimit
  #complaint = ''

  /** `wantedUnits` are the systemd units that rows name now. */
  constructor(options: SupervisorOptions, wantedUnits: () => ReadonlySet<string>) {
    const { clock, log, host, systemctl } = options
    this.clock = clock
    this.log = log
    this.events = options.events
    this.host = host
    this.check = options.check
    this.systemctl = systemctl
    this.gracefulWithinMs = options.gracefulWithinMs ?? defaultGracefulWithinMs
    this.searcher = new ProcessSearch(options)
    this.units = new Units({ clock, log, host, systemctl, wanted: wantedUnits })
    this.uncheckedPace = new RateLimit(clock, 3, 1 / 60)
  }

  /**
   * A look at what runs; false where it could not be made. What /proc does not show, for want of descriptors or of rights, is neither
   * there nor gone: it is left for the next look.
   */
  attempt(look: () => void): boolean {
    try {
      look()
      return true
    } catch (error) {
      const complaint = messageOf(error)
      if (complaint !== this.#complaint) this.log.error('cannot look at processes; trying again', { error })
      this.#complaint = complaint
      return false
    }
  }
}
