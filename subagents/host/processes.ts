/** Processes as /proc/PID tells them (proc(5)), and as rows of hrSWRunTable. */
import type { RowOf } from '../../lib/mib/declare.ts'
import { zeroDotZero } from '../../lib/smi/oid.ts'
import { truncateUtf8 } from '../../lib/text.ts'
import type { hrSWRunTable } from './mib.ts'

export type RunRow = RowOf<typeof hrSWRunTable>

export interface ProcessState {
  readonly name: string
  /** One letter of the kernel's. */
  readonly state: string
  readonly parentPid: number
  readonly isKernelThread: boolean
  /** User and system time of all its threads, in hundredths of a second. */
  readonly cpuTicks: number
  /** Ticks after boot: with the PID it names one process for good. */
  readonly startTicks: number
  readonly residentPages: number
}

const kernelThreadFlag = 0x0020_0000 // PF_KTHREAD

/** /proc/PID/stat; undefined when it is not of its form. The name may contain blanks and parentheses. */
export function parseProcessStat(text: string): ProcessState | undefined {
  const open = text.indexOf('(')
  const close = text.lastIndexOf(')')
  const fields = text.slice(close + 2).split(' ', 22)
  if (open < 0 || close < open || fields.length < 22) return undefined
  return {
    name: text.slice(open + 1, close),
    state: fields[0]!,
    parentPid: Number(fields[1]),
    isKernelThread: (Number(fields[6]) & kernelThreadFlag) !== 0,
    cpuTicks: Number(fields[11]) + Number(fields[12]),
    startTicks: Number(fields[19]),
    residentPages: Number(fields[21]),
  }
}

/** When the machine was started, of /proc/stat; in milliseconds since 1970. */
export function parseBootTime(stat: string): number | undefined {
  const found = /^btime (\d+)$/m.exec(stat)?.[1]
  return found === undefined ? undefined : Number(found) * 1000
}

/** The effective user of /proc/PID/status. */
export function parseProcessOwner(status: string): number | undefined {
  const found = /^Uid:\s*\d+\s+(\d+)/m.exec(status)?.[1]
  return found === undefined ? undefined : Number(found)
}

/**
 * Whether what /proc/PID/fd/N leads to is a file of a file system. Told by its name alone: to ask the file itself would
 * wait for a mount that hangs. Folders and named pipes count as files.
 */
export function isRegularFile(link: string): boolean {
  return link.startsWith('/') && !/^\/(dev|proc|sys|memfd:)/.test(link)
}

export interface ProgramOfProcess {
  readonly path: string
  readonly name: string
  readonly parameters: string
}

/** `commandLine` is /proc/PID/cmdline, `executable` where /proc/PID/exe leads if that may be seen. */
export function programOf(comm: string, commandLine: string, executable: string | undefined): ProgramOfProcess {
  const end = commandLine.indexOf('\0')
  const first = end < 0 ? commandLine : commandLine.slice(0, end)
  const path = executable?.replace(/ \(deleted\)$/, '') ?? first
  const base = path.slice(path.lastIndexOf('/') + 1)
  // The kernel keeps fifteen octets of a name; what was started has all of it.
  const name = comm.length === 15 && base.startsWith(comm) ? base : comm
  const parameters =
    end < 0
      ? ''
      : commandLine
          .slice(end + 1)
          .replace(/\0+$/, '')
          .replaceAll('\0', ' ')
  return {
    path: truncateUtf8(path, 128),
    name: truncateUtf8(name, 64),
    parameters: truncateUtf8(parameters, 128),
  }
}

/** RFC 2790: runnable waits for a resource (here a disk), notRunnable for an event; a zombie is not loaded any more. */
const statuses: Readonly<Record<string, RunRow['hrSWRunStatus']>> = {
  R: 'running',
  D: 'runnable',
  S: 'notRunnable',
  I: 'notRunnable',
  T: 'notRunnable',
  t: 'notRunnable',
  P: 'notRunnable',
  Z: 'invalid',
  X: 'invalid',
}

const most = 0x7fff_ffff

export function toRunRow(pid: number, state: ProcessState, program: ProgramOfProcess, pageKb: number): RunRow {
  return {
    hrSWRunIndex: pid,
    hrSWRunName: program.name,
    hrSWRunID: zeroDotZero,
    hrSWRunPath: program.path,
    hrSWRunParameters: program.parameters,
    hrSWRunType: state.isKernelThread || pid === 1 ? 'operatingSystem' : 'application',
    hrSWRunStatus: statuses[state.state] ?? 'notRunnable',
    hrSWRunPerfCPU: Math.min(most, state.cpuTicks),
    hrSWRunPerfMem: Math.min(most, state.residentPages * pageKb),
  }
}
