/** How a process is known: its PID, its start time and its command line together, never by PID alone. */
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { codeOf } from '../errors.ts'
import { isDiskFull, writeFileAtomic } from '../files.ts'
import { textOf } from '../octets.ts'
import { isDenied, readNames, readWhole } from './file.ts'
import { placeMarker, readMarkers, removeMarkers } from './pid-marker.ts'
import { listPids, readStat } from './processes.ts'
import type { ProcStat } from './stat.ts'

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

/** A variable of a process's first environment; undefined when it has none or may not be looked at. */
export function readEnvironment(pid: number, variable: string): string | undefined {
  try {
    const found = textOf(readWhole(`/proc/${pid}/environ`) ?? '')
      .split('\0')
      .find((assignment) => assignment.startsWith(`${variable}=`))
    return found?.slice(variable.length + 1)
  } catch {
    return undefined
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
    if (stat) return stat.startTicks === startTicks && !hasEnded(stat)
  } catch {
    return isKnown(pid)
  }
  return isForeign(pid)
}

/** Whether the kernel has a process of this number, asked past /proc. */
const isKnown = (pid: number): boolean => signalError(pid) !== 'ESRCH'

/**
 * Whether it is another user's, so that this process may not signal it. With hidepid=2 such processes are not in /proc at all,
 * but kill(2) tells that they are there.
 */
export const isForeign = (pid: number): boolean => signalError(pid) === 'EPERM'

function signalError(pid: number): string | undefined {
  try {
    process.kill(pid, 0)
    return undefined
  } catch (error) {
    return codeOf(error)
  }
}

/**
 * Writes a PID file of three lines: PID, start time in ticks, command line as JSON. Tools that want only the PID
 * read the first line. On a full disk a marker takes its place, which only `readPidFile` knows.
 */
export async function writePidFile(path: string, identity: ProcessIdentity): Promise<'file' | 'marker'> {
  const content = `${identity.pid}\n${identity.startTicks}\n${JSON.stringify(identity.command)}\n`
  try {
    await writeFileAtomic(path, content, 0o644)
    removeMarkers(path)
    return 'file'
  } catch (error) {
    if (!isDiskFull(error)) throw error
    placeMarker(path, identity)
    // Of a process that was killed; it would be read first.
    await rm(path, { force: true })
    return 'marker'
  }
}

/** What the process that wrote it leaves behind is nothing. */
export async function removePidFile(path: string): Promise<void> {
  await rm(path, { force: true })
  removeMarkers(path)
}

/** The process a PID file names, if that very process still runs. */
export function readPidFile(path: string): ProcessIdentity | undefined {
  for (const { pid, startTicks } of readNamed(path)) {
    const running = readProcess(pid)
    if (running?.startTicks === startTicks) return running
  }
  return undefined
}

function readNamed(path: string): readonly Pick<ProcessIdentity, 'pid' | 'startTicks'>[] {
  try {
    const [pid, startTicks] = readFileSync(path, 'utf8').split('\n')
    return [{ pid: Number(pid), startTicks: Number(startTicks) }]
  } catch {
    return readMarkers(path)
  }
}
