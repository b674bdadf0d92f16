/** The systemd units that rows name: looked at together once a second, and whenever somebody has to know. */
import type { Log } from '../../../lib/log/log.ts'
import { describeExit, isSuccess } from '../../../lib/program/exit.ts'
import type { Clock, Timer } from '../../../lib/time/clock.ts'
import type { ProcessStarter, ProcessView } from '../host/process-host.ts'
import { fullUnitName, parseUnits, type Systemctl, type UnitState, unitShow } from '../host/unit.ts'
import type { FoundProcesses } from './find.ts'

export interface UnitsOptions {
  readonly clock: Clock
  readonly log: Log
  readonly systemctl: Systemctl
  /** The units that are of interest now. */
  readonly wanted: () => ReadonlySet<string>
  readonly host: Pick<ProcessStarter, 'ask'> & Pick<ProcessView, 'read' | 'pidsOfControlGroup'>
}

const refreshEveryMs = 1000
const answerWithinMs = 5000

export class Units {
  readonly #options: UnitsOptions
  #states = new Map<string, UnitState>()
  #refreshing: Promise<void> | undefined
  #timer: Timer | undefined
  #complaint = ''

  constructor(options: UnitsOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer = this.#options.clock.every(refreshEveryMs, () => void this.refresh())
  }

  stop(): void {
    this.#timer?.cancel()
  }

  stateOf(unit: string): UnitState | undefined {
    return this.#states.get(fullUnitName(unit))
  }

  /** Its process as systemd named it last, if that runs; and how many processes the unit has. */
  find(unit: string): FoundProcesses {
    const state = this.stateOf(unit)
    if (!state) return { main: undefined, count: 0 }
    const { host } = this.#options
    const pids = host.pidsOfControlGroup(state.controlGroup)
    // A unit may run without a main process that systemd knows: the oldest one stands for it then.
    const candidates = state.mainPid > 0 ? [state.mainPid] : state.activeState === 'active' ? pids : []
    const found = candidates.map((pid) => host.read(pid)).filter((process) => process !== undefined)
    const main = found.sort((a, b) => a.startTicks - b.startTicks)[0]
    return { main, count: main ? Math.max(1, pids.length) : 0 }
  }

  /** What it was does not hold any more; `find` finds nothing until it was looked at again. */
  forget(unit: string): void {
    this.#states.delete(fullUnitName(unit))
  }

  /** Resolves when what is known is newer than this call. */
  async refresh(): Promise<void> {
    await this.#refreshing
    this.#refreshing ??= this.#look().finally(() => {
      this.#refreshing = undefined
    })
    await this.#refreshing
  }

  async #look(): Promise<void> {
    const { systemctl, wanted, log, host } = this.#options
    const units = wanted()
    if (units.size === 0) return
    const { exit, output, printed } = await host.ask(unitShow(systemctl, units), answerWithinMs)
    if (isSuccess(exit)) this.#states = parseUnits(output)
    const complaint = isSuccess(exit) ? '' : `systemctl show ${describeExit(exit)}: ${printed.trim()}`
    if (complaint !== '' && complaint !== this.#complaint)
      log.error('systemd cannot be asked; rows that name a unit show what was known last', { complaint })
    this.#complaint = complaint
  }
}
