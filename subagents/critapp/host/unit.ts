/** systemd units: what `systemctl show` says of them, and the words for it. */
import type { ParsedCommand } from '../../../lib/text/command.ts'

/** systemctl, with arguments such as --user where it is not the machine's own manager. */
export type Systemctl = readonly [string, ...string[]]

export interface UnitState {
  readonly isLoaded: boolean
  /** active, activating, deactivating, inactive, failed, ... */
  readonly activeState: string
  /** 0: it has no process now. */
  readonly mainPid: number
  /** The cgroup below its hierarchy; empty when it has none. */
  readonly controlGroup: string
  /** Of the last main process: who it was, and how it ended. */
  readonly lastPid: number
  /** -1: it has not ended, or a signal ended it. */
  readonly lastCode: number
  /** 0: none. */
  readonly lastSignal: number
  /** success, exit-code, signal, timeout, watchdog, oom-kill, ... */
  readonly result: string
  /** systemd began to stop it, since somebody ordered that, while its main process still ran. */
  readonly isStopOrdered: boolean
}

const properties = [
  'Id',
  'LoadState',
  'ActiveState',
  'MainPID',
  'ControlGroup',
  'ExecMainPID',
  'ExecMainCode',
  'ExecMainStatus',
  'Result',
  'ActiveExitTimestampMonotonic',
  'ExecMainExitTimestampMonotonic',
]

/** For a name that may stand in a row: no option, no path, no glob. */
export function isUnitName(text: string): boolean {
  return /^[A-Za-z0-9_.:\\@][A-Za-z0-9_.:\\@-]*$/.test(text)
}

/** As systemd completes it: a name without ending is a service. */
export function fullUnitName(unit: string): string {
  return /\.(service|socket|target|timer|mount|scope|slice|path|swap|device)$/.test(unit) ? unit : `${unit}.service`
}

export function unitCommand(systemctl: Systemctl, verb: 'start' | 'stop' | 'reload', unit: string): ParsedCommand {
  return { argv: [...systemctl, verb, '--', fullUnitName(unit)] }
}

/** All processes of the unit, workers and leftovers too. */
export function unitKill(systemctl: Systemctl, unit: string): ParsedCommand {
  return { argv: [...systemctl, 'kill', '--signal=KILL', '--', fullUnitName(unit)] }
}

export function unitShow(systemctl: Systemctl, units: Iterable<string>): ParsedCommand {
  const names = [...units].map(fullUnitName)
  return { argv: [...systemctl, 'show', `--property=${properties.join(',')}`, '--', ...names] }
}

/** What `systemctl show` printed of several units, by their full names. */
export function parseUnits(text: string): Map<string, UnitState> {
  const units = new Map<string, UnitState>()
  for (const block of text.split(/\n\s*\n/)) {
    const value = new Map<string, string>()
    for (const line of block.split('\n')) {
      const at = line.indexOf('=')
      if (at > 0) value.set(line.slice(0, at), line.slice(at + 1))
    }
    const id = value.get('Id')
    if (!id) continue
    const number = (name: string): number => Number(value.get(name) ?? 0) || 0
    // CLD_EXITED, CLD_KILLED and CLD_DUMPED of sigaction(2).
    const how = number('ExecMainCode')
    const status = number('ExecMainStatus')
    const activeState = value.get('ActiveState') ?? ''
    const result = value.get('Result') ?? ''
    units.set(id, {
      isLoaded: value.get('LoadState') === 'loaded',
      activeState,
      mainPid: number('MainPID'),
      controlGroup: value.get('ControlGroup') ?? '',
      lastPid: number('ExecMainPID'),
      lastCode: how === 1 ? status : -1,
      lastSignal: how === 2 || how === 3 ? status : 0,
      result,
      isStopOrdered:
        result === 'success' &&
        (activeState === 'inactive' || activeState === 'deactivating') &&
        isBefore(number('ActiveExitTimestampMonotonic'), number('ExecMainExitTimestampMonotonic')),
    })
  }
  return units
}

/**
 * Of a process that ends by itself, or by a signal that somebody sent, systemd learns first, and then leaves the active state; of one
 * that it stops it is the other way round. Microseconds; 0 is not yet. The other results, such as watchdog, are no orders.
 */
function isBefore(activeExit: number, mainExit: number): boolean {
  return activeExit > 0 && (mainExit === 0 || activeExit < mainExit)
}
