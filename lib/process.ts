/** How a process is known: its PID, its start time and its command line together, never by PID alone. */
import { readFileSync } from 'node:fs'
import { writeFileAtomic } from './files.ts'

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

/** Reads a live process from /proc; undefined when there is none, or only its zombie. */
export function readProcess(pid: number): ProcessStat | undefined {
  try {
    const stat = parseProcStat(readFileSync(`/proc/${pid}/stat`, 'latin1'))
    if (stat.state === 'Z' || stat.state === 'X') return undefined
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    return { ...stat, command: commandLine.split('\0').slice(0, -1) }
  } catch {
    return undefined // it ended between the two reads, or was never there
  }
}

/** A variable of a process's first environment; undefined when it has none or may not be looked at. */
export function readEnvironment(pid: number, variable: string): string | undefined {
  try {
    const found = readFileSync(`/proc/${pid}/environ`, 'utf8')
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

/** Whether exactly this process still runs. */
export function isRunning(identity: Pick<ProcessIdentity, 'pid' | 'startTicks'>): boolean {
  return readProcess(identity.pid)?.startTicks === identity.startTicks
}

/** Parses /proc/PID/stat (proc(5)); the name may itself contain spaces and parentheses. */
export function parseProcStat(text: string): Omit<ProcessStat, 'command'> & { readonly sessionId: number } {
  const open = text.indexOf('(')
  const close = text.lastIndexOf(')')
  const fields = text.slice(close + 2).split(' ')
  return {
    pid: Number(text.slice(0, open)),
    name: text.slice(open + 1, close),
    state: fields[0] ?? '?',
    parentPid: Number(fields[1]),
    groupId: Number(fields[2]),
    sessionId: Number(fields[3]),
    startTicks: Number(fields[19]),
  }
}

/**
 * Writes a PID file of three lines: PID, start time in ticks, command line as JSON. Tools that want only the PID
 * read the first line.
 */
export async function writePidFile(path: string, identity: ProcessIdentity): Promise<void> {
  await writeFileAtomic(path, `${identity.pid}\n${identity.startTicks}\n${JSON.stringify(identity.command)}\n`, 0o644)
}

/** The process a PID file names, if that very process still runs. */
export function readPidFile(path: string): ProcessIdentity | undefined {
  let lines: string[]
  try {
    lines = readFileSync(path, 'utf8').split('\n')
  } catch {
    return undefined
  }
  const running = readProcess(Number(lines[0]))
  if (!running) return undefined
  const startTicks = Number(lines[1])
  return running.startTicks === startTicks ? running : undefined
}
