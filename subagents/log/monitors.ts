/** The monitors of all rows, by their index, and the file that keeps their state. Knows nothing of SNMP. */
import { Patterns } from '../../lib/follow/patterns.ts'
import type { Log } from '../../lib/log/log.ts'
import type { Launcher } from '../../lib/program/launcher.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { Monitor, type MonitorEvents } from './monitor.ts'
import { isMonitorState, type MonitorSpec, type MonitorState } from './monitor-state.ts'
import { realLogPath } from './rotation/policy.ts'
import { StateFile } from './state-file.ts'

export interface MonitorsOptions {
  readonly clock: Clock
  readonly log: Log
  readonly launcher: Launcher | undefined
  readonly statePath: string
  readonly events: MonitorEvents
  /** How many matches of a row are notified one by one within a minute; 0 is no limit. */
  maxNotifications(): number
}

export class Monitors {
  readonly #options: MonitorsOptions
  readonly #patterns: Patterns
  readonly #states: StateFile<MonitorState>
  readonly #monitors = new Map<number, Monitor>()
  /** Monitors that are being stopped; another of the same row begins when they have. */
  readonly #changes = new Map<number, Promise<void>>()
  #isStopped = false

  constructor(options: MonitorsOptions) {
    this.#options = options
    const { clock, log, statePath: path } = options
    this.#patterns = new Patterns({ clock })
    this.#states = new StateFile({ path, clock, log, isRow: isMonitorState })
  }

  /** Goes on where a former process stopped. `specs` is called once that is known: rows may change until then. */
  async start(specs: () => Iterable<MonitorSpec>): Promise<void> {
    const { known, problem } = await this.#states.load()
    for (const spec of specs()) this.#monitors.set(spec.index, this.#monitorOf(spec, known.get(String(spec.index))))
    for (const index of known.keys()) if (!this.#monitors.has(Number(index))) this.#states.delete(index)
    for (const monitor of this.#monitors.values()) {
      monitor.start()
      // What is known of the file by then goes into the notification.
      if (problem !== undefined && monitor.spec.regExp !== '')
        void monitor.poll().then(() => monitor.report(`${monitor.spec.fileName} is followed from its end: ${problem}`))
    }
  }

  find(index: number): Monitor | undefined {
    return this.#monitors.get(index)
  }

  /** Of all rows whose file that is, once links are followed. */
  of(realPath: string): Monitor[] {
    return [...this.#monitors.values()].filter(({ spec }) => realLogPath(spec.fileName) === realPath)
  }

  configure(spec: MonitorSpec): void {
    if (this.#isStopped) return
    const present = this.#monitors.get(spec.index)
    if (present && isSameFollowing(present.spec, spec)) {
      present.configure(spec)
      return
    }
    const monitor = this.#monitorOf(spec, present?.state)
    this.#monitors.set(spec.index, monitor)
    this.#replace(spec.index, present, () => {
      if (!this.#isStopped && this.#monitors.get(spec.index) === monitor) monitor.start()
    })
  }

  remove(index: number): void {
    if (this.#isStopped) return
    const present = this.#monitors.get(index)
    this.#monitors.delete(index)
    this.#replace(index, present, () => {
      if (!this.#monitors.has(index)) this.#states.delete(String(index))
    })
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#states.hurry()
    await this.#patterns.close()
    await Promise.all(this.#changes.values())
    for (const monitor of this.#monitors.values()) {
      await monitor.stop()
      this.#states.put(String(monitor.spec.index), monitor.state)
    }
    try {
      await this.#states.flush()
    } catch (error) {
      this.#options.log.error('the state of the log files could not be kept', { error })
    }
  }

  /** Runs something when the monitor that the row had has stopped. */
  #replace(index: number, present: Monitor | undefined, then: () => void): void {
    const change = (this.#changes.get(index) ?? Promise.resolve()).then(() => present?.stop()).then(then)
    this.#changes.set(index, change)
  }

  #monitorOf(spec: MonitorSpec, state: MonitorState | undefined): Monitor {
    const { clock, log, launcher, events, maxNotifications } = this.#options
    const commit = (monitor: Monitor): Promise<void> => {
      this.#states.put(String(monitor.spec.index), monitor.state)
      return this.#states.commit()
    }
    const options = { clock, log, launcher, patterns: this.#patterns, maxNotifications, commit, events }
    return new Monitor(spec, options, state)
  }
}

/** Whether a monitor of the one can go on as that of the other. */
function isSameFollowing(a: MonitorSpec, b: MonitorSpec): boolean {
  return (
    a.fileName === b.fileName && a.regExp === b.regExp && a.matchStart === b.matchStart && a.matchStop === b.matchStop
  )
}
