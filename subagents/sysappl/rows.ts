/** Processes as rows of sysApplElmtRunTable, and of the table they go to when they end. */
import type { RowOf } from '../../lib/mib/declare.ts'
import { hasEnded } from '../../lib/proc/process.ts'
import { textOf } from '../../lib/text/octets.ts'
import { truncateUtf8 } from '../../lib/text/text.ts'
import type { sysApplElmtPastRunTable, sysApplElmtRunTable } from './mib.ts'
import type { RunningProcess } from './process-feed.ts'
import type { RunState } from './syntax.ts'

export type ElementRunRow = RowOf<typeof sysApplElmtRunTable>
export type ElementPastRow = RowOf<typeof sysApplElmtPastRunTable>

/** A process that waits for a disk waits for a resource; a zombie is on its way out (proc(5)). */
const runStates: Readonly<Record<string, RunState>> = {
  R: 'running',
  D: 'runnable',
  S: 'waiting',
  I: 'waiting',
  T: 'waiting',
  t: 'waiting',
  P: 'waiting',
  Z: 'exiting',
  X: 'exiting',
}

export function runStateOf({ state }: RunningProcess): RunState {
  // A main thread that has ended is a zombie, and the process is none as long as other threads live.
  if (state.state === 'Z' && !hasEnded(state)) return 'waiting'
  return runStates[state.state] ?? 'other'
}

export function startedMsOf({ state }: RunningProcess, bootMs: number | undefined): number | undefined {
  return bootMs === undefined ? undefined : bootMs + state.startTicks * 10
}

export interface PlaceOfProcess {
  readonly packageIndex: number
  readonly runIndex: number
  readonly elementIndex: number
  /** The element's path, where the process is one. */
  readonly path: string | undefined
}

export interface DetailsOfProcess {
  readonly started: Date | undefined
  readonly user: string
  readonly regularFiles: number | undefined
  readonly pageKb: number
}

export function toElementRunRow(
  process: RunningProcess,
  { packageIndex, runIndex, elementIndex, path }: PlaceOfProcess,
  { started, user, regularFiles, pageKb }: DetailsOfProcess,
): ElementRunRow {
  const { pid, state, commandLine, executable } = process
  const end = commandLine.indexOf('\0')
  const parameters = end < 0 ? '' : commandLine.slice(end + 1).replace(/\0+$/, '')
  const named = executable?.replace(/ \(deleted\)$/, '') ?? (end > 0 ? commandLine.slice(0, end) : state.name)
  return {
    sysApplElmtRunInstallPkg: packageIndex,
    sysApplElmtRunInvocID: runIndex,
    sysApplElmtRunIndex: pid,
    sysApplElmtRunInstallID: elementIndex,
    sysApplElmtRunTimeStarted: started,
    sysApplElmtRunState: runStateOf(process),
    // Utf8String and LongUtf8String (RFC 2287): what is no UTF-8 cannot be shown as it is.
    sysApplElmtRunName: truncateUtf8(path ?? textOf(named), 1024),
    sysApplElmtRunParameters: truncateUtf8(textOf(parameters.replaceAll('\0', ' ')), 255),
    sysApplElmtRunCPU: state.cpuTicks % 0x1_0000_0000,
    sysApplElmtRunMemory: Math.min(0xffff_ffff, state.residentPages * pageKb),
    sysApplElmtRunNumFiles: regularFiles,
    sysApplElmtRunUser: truncateUtf8(user, 255),
  }
}

export function toElementPastRow(row: ElementRunRow, ended: Date): ElementPastRow {
  return {
    sysApplInstallPkgIndex: row.sysApplElmtRunInstallPkg,
    sysApplElmtPastRunInvocID: row.sysApplElmtRunInvocID,
    sysApplElmtPastRunIndex: row.sysApplElmtRunIndex,
    sysApplElmtPastRunInstallID: row.sysApplElmtRunInstallID,
    sysApplElmtPastRunTimeStarted: row.sysApplElmtRunTimeStarted,
    sysApplElmtPastRunTimeEnded: ended,
    sysApplElmtPastRunName: row.sysApplElmtRunName,
    sysApplElmtPastRunParameters: row.sysApplElmtRunParameters,
    sysApplElmtPastRunCPU: row.sysApplElmtRunCPU,
    sysApplElmtPastRunMemory: row.sysApplElmtRunMemory,
    sysApplElmtPastRunNumFiles: row.sysApplElmtRunNumFiles,
    sysApplElmtPastRunUser: row.sysApplElmtRunUser,
  }
}
