/** Processes as /proc/PID tells them (proc(5)), and as rows of hrSWRunTable. */
import type { RowOf } from '../../lib/mib/declare.ts'
import { hasEnded } from '../../lib/proc/process.ts'
import type { ProcStat } from '../../lib/proc/stat.ts'
import { zeroDotZero } from '../../lib/smi/oid.ts'
import { cutOctets, type Octets } from '../../lib/text/octets.ts'
import type { hrSWRunTable } from './mib.ts'

export type RunRow = RowOf<typeof hrSWRunTable>

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
 * Whether what /proc/PID/fd/N leads to is a file of a file system. Decided by its name alone: to ask the file itself would
 * wait for a mount that hangs. Folders and named pipes count as files.
 */
export function isRegularFile(link: Octets): boolean {
  return link.startsWith('/') && !/^\/(dev|proc|sys|memfd:)/.test(link)
}

export interface ProgramOfProcess {
  readonly path: Octets
  readonly name: Octets
  readonly parameters: Octets
}

/** `commandLine` is /proc/PID/cmdline, `executable` where /proc/PID/exe leads if that may be seen. */
export function programOf(comm: Octets, commandLine: Octets, executable: Octets | undefined): ProgramOfProcess {
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
    path: cutOctets(path, 128),
    name: cutOctets(name, 64),
    parameters: cutOctets(parameters, 128),
  }
}

/**
 * As Net-SNMP's agent has them, by which managers count what runs: one that sleeps is runnable, though RFC 2790 has notRunnable for
 * what waits for an event. What is stopped, or traced, is not runnable; a zombie is not loaded any more.
 */
const statuses: Readonly<Record<string, RunRow['hrSWRunStatus']>> = {
  R: 'running',
  D: 'runnable',
  S: 'runnable',
  I: 'runnable',
  T: 'notRunnable',
  t: 'notRunnable',
  P: 'notRunnable',
  Z: 'invalid',
  X: 'invalid',
}

const most = 0x7fff_ffff

/** A main thread that has ended is a zombie, and the process is none as long as other threads live. */
function statusOf(state: ProcStat): RunRow['hrSWRunStatus'] {
  return state.state === 'Z' && !hasEnded(state) ? 'runnable' : (statuses[state.state] ?? 'runnable')
}

export function toRunRow(pid: number, state: ProcStat, program: ProgramOfProcess, pageKb: number): RunRow {
  return {
    hrSWRunIndex: pid,
    hrSWRunName: program.name,
    hrSWRunID: zeroDotZero,
    hrSWRunPath: program.path,
    hrSWRunParameters: program.parameters,
    hrSWRunType: state.isKernelThread || pid === 1 ? 'operatingSystem' : 'application',
    hrSWRunStatus: statusOf(state),
    hrSWRunPerfCPU: Math.min(most, state.cpuTicks),
    hrSWRunPerfMem: Math.min(most, state.residentPages * pageKb),
  }
}
