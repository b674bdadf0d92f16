/** How a process is known: its PID, its start time and its command line together, never by PID alone. */

import { readFileSync, realpathSync, type Stats, statSync } from 'node:fs'
import { isDenied } from '../errors.ts'
import { textOf } from '../text/octets.ts'
import { parseCredentials } from './credentials.ts'
import { isAbsence, readLink, readNames, readWhole } from './file.ts'
import { isKnown } from './pid.ts'
import { listPids, readProcessFile, readStat } from './processes.ts'
import { type ProcStat, parseWaitStatus } from './stat.ts'

export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks after boot, field 22 of /proc/PID/stat; a reused PID has another one. */
  readonly startTicks: number
  readonly command: readonly string[]
}

export interface ProcessStat extends ProcessIdentity {
  readonly name: string
  readonly state: string
  readonly parentPid: number
  readonly groupId: number
}

/** Its end: a main thread that has ended is a zombie as well, but as long as other threads live, so does the process. */
export function hasEnded({ state, threadCount }: Pick<ProcStat, 'state' | 'threadCount'>): boolean {
  return state === 'X' || (state === 'Z' && threadCount <= 1)
}

/**
 * Reads a live process from /proc; undefined when there is none, or only its zombie. Throws when /proc cannot be read,
 * such as EMFILE and EACCES: what cannot be seen may well be there.
 */
export function readProcess(pid: number): ProcessStat | undefined {
  const stat = readStat(pid)
  if (!stat || hasEnded(stat)) return undefined
  const commandLine = readWhole(commandLinePath(stat))
  if (commandLine === undefined) return undefined // it ended between the two reads
  return { ...stat, name: textOf(stat.name), command: textOf(commandLine).split('\0').slice(0, -1) }
}

/** Throws where /proc does not show it. */
export function thisProcess(): ProcessStat {
  const self = readProcess(process.pid)
  if (!self) throw new Error('/proc does not show this process; is /proc mounted?')
  return self
}

/**
 * All that runs now, but for what this process may not look at (hidepid), which is another user's. Throws when nobody can tell
 * what runs. One look costs about 20 us a process.
 */
export function visibleProcesses(): ProcessStat[] {
  return listPids().flatMap((pid) => {
    try {
      return readProcess(pid) ?? []
    } catch (error) {
      if (isDenied(error)) return []
      throw error
    }
  })
}

/** A main thread that has ended has given its memory back; the command line is still that of the threads that live. */
function commandLinePath({ pid, state }: { readonly pid: number; readonly state: string }): string {
  if (state !== 'Z') return `/proc/${pid}/cmdline`
  const living = readNames(`/proc/${pid}/task`)?.find((thread) => thread !== String(pid))
  return living === undefined ? `/proc/${pid}/cmdline` : `/proc/${pid}/task/${living}/cmdline`
}

/**
 * A variable of a process's first environment, which its user chose; undefined when it has none, has ended or is another
 * user's. Throws where nobody can tell.
 */
export function readEnvironment(pid: number, variable: string): string | undefined {
  try {
    const found = textOf(readWhole(`/proc/${pid}/environ`) ?? '')
      .split('\0')
      .find((assignment) => assignment.startsWith(`${variable}=`))
    return found?.slice(variable.length + 1)
  } catch (error) {
    if (isDenied(error)) return undefined
    throw error
  }
}

/** The kernel counts process times in USER_HZ, which is 100 on every architecture Node runs on (proc(5)). */
const ticksPerSecond = 100

/** How long ago a process was born, in milliseconds. */
export function ageMs({ startTicks }: Pick<ProcessIdentity, 'startTicks'>): number {
  const upSeconds = Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0])
  return Math.max(0, upSeconds * 1000 - (startTicks * 1000) / ticksPerSecond)
}

/**
 * Whether exactly this process still runs. One that cannot be looked at (/proc mounted with hidepid, no descriptor left) is not
 * reported dead: as long as the kernel knows the PID it is taken for the same.
 */
export function isRunning({ pid, startTicks }: Pick<ProcessIdentity, 'pid' | 'startTicks'>): boolean {
  try {
    const stat = readStat(pid)
    return stat !== undefined && stat.startTicks === startTicks && !hasEnded(stat)
  } catch {
    return isKnown(pid)
  }
}

/**
 * The user that a process runs as; root, too, while it acts for another user, as sipd does before it gives up root. Undefined where
 * it has ended, or is a set-user-ID program, which one user started with the rights of another. Throws where nobody can tell.
 */
export function userOf(pid: number): number | undefined {
  const status = readProcessFile(pid, 'status')
  if (!status) return undefined
  const { uids } = parseCredentials(textOf(status))
  return uids[0] === 0 || new Set(uids).size === 1 ? uids[0] : undefined
}

/**
 * The file that a process executes, whatever its command line says; undefined where it has ended or is a thread of the kernel.
 * Throws where this process may not look: it is another user's.
 */
export function executableOf(pid: number): string | undefined {
  const path = readLink(`/proc/${pid}/exe`)
  // The file was replaced meanwhile, as an upgrade does.
  return path === undefined ? undefined : textOf(path).replace(/ \(deleted\)$/, '')
}

/** What the file system has of that file, even where it was replaced meanwhile. Undefined and throws as `executableOf`. */
export function executableStats(pid: number): Stats | undefined {
  try {
    return statSync(`/proc/${pid}/exe`)
  } catch (error) {
    if (isAbsence(error)) return undefined
    throw error
  }
}

/** The folder that a process works in; the name of the link that leads there, where it has ended or this process may not look. */
export function workingFolderOf(pid: number): string {
  const link = `/proc/${pid}/cwd`
  try {
    return realpathSync(link)
  } catch {
    return link
  }
}

/** The text of /proc/PID/cgroup (cgroups(7)); empty where nobody can tell. */
export function cgroupsOf(pid: number): string {
  try {
    return textOf(readWhole(`/proc/${pid}/cgroup`) ?? '')
  } catch {
    return ''
  }
}

/**
 * How a process ended for which nobody has waited yet, in the form of waitpid(2). Undefined where it runs, is waited for already, or
 * nobody can tell.
 */
export function waitStatusOf({ pid, startTicks }: Pick<ProcessIdentity, 'pid' | 'startTicks'>): number | undefined {
  try {
    return parseWaitStatus(readWhole(`/proc/${pid}/stat`) ?? '', startTicks)
  } catch {
    return undefined
  }
}
