/** The processes of a home, as /proc has them: known by their command lines from the moment they are started. */
import { readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, isAbsolute, join } from 'node:path'
import { type Home, pidFileOf, programRoot } from './home.ts'
import {
  type ProcessIdentity,
  type ProcessStat,
  readEnvironment,
  readPidFile,
  visibleProcesses,
} from './proc/process.ts'

/** The daemons, and the command that starts sipd. */
export type Part = 'agent' | 'subagents' | 'sipd' | 'sip'

export interface HomeProcess extends ProcessIdentity {
  readonly part: Part
  /** Its PID file names it, which a daemon writes when it serves. */
  readonly isServing: boolean
  /** `castellan start` started it, as opposed to systemd or a person. */
  readonly isOfStarter: boolean
  /** The systemd unit that runs it, and would start it again. */
  readonly unit: string | undefined
}

/** Tells a daemon the PID of the `castellan start` that started it, and us whose the daemon is. */
export const starterVariable = 'CASTELLAN_STARTER'

const daemonNames: readonly string[] = ['agent', 'subagents', 'sipd']

/** All processes of this home; a daemon that only checks files is none. */
export function processesOf(home: Home): HomeProcess[] {
  const root = realPath(home.root)
  return visibleProcesses().flatMap((process) => {
    const part = partOf(process.command)
    if (!part || realPath(homeOf(process)) !== root) return []
    const isServing = readPidFile(pidFileOf(home, part))?.pid === process.pid
    // Another user's process may have any command line; what our PID file names is ours all the same.
    if (!isServing && !isOurs(process.pid)) return []
    const { pid, startTicks, command } = process
    const isOfStarter = (readEnvironment(pid, starterVariable) ?? '') !== ''
    return [{ pid, startTicks, command, part, isServing, isOfStarter, unit: unitIn(readText(`/proc/${pid}/cgroup`)) }]
  })
}

/** What a command line is of ours; undefined for other programs, and for commands that start no daemon themselves. */
export function partOf(command: readonly string[]): Part | undefined {
  const [program = '', ...args] = command
  if (!/^node(js)?$/.test(basename(program)) || args.includes('--check')) return undefined
  const at = args.findIndex((word) => !word.startsWith('-'))
  const script = args[at] ?? ''
  const daemon = basename(dirname(script))
  if (basename(script) === 'main.js' && daemonNames.includes(daemon)) return daemon as Part
  const words = args.slice(at + 1)
  return basename(script) === 'sip' && (words.includes('start') || words.includes('restart')) ? 'sip' : undefined
}

/** As `resolveHome` has it, in that process's folder and environment. */
function homeOf({ pid, command }: Pick<ProcessStat, 'pid' | 'command'>): string {
  const at = command.indexOf('--home')
  const named =
    (at >= 0 ? command[at + 1] : undefined) ??
    command.find((word) => word.startsWith('--home='))?.slice('--home='.length) ??
    readEnvironment(pid, 'CASTELLAN_HOME') ??
    join(programRoot, 'var')
  return isAbsolute(named) ? named : join(realPath(`/proc/${pid}/cwd`), named)
}

function isOurs(pid: number): boolean {
  const self = process.geteuid?.()
  if (self === 0) return true
  try {
    return statSync(`/proc/${pid}`).uid === self
  } catch {
    return false
  }
}

/** The unit of ours in the text of /proc/PID/cgroup (cgroups(7)). */
export function unitIn(cgroups: string): string | undefined {
  return /\/(castellan-(?:agent|subagents)(?:@[^/\n]*)?\.service)$/m.exec(cgroups)?.[1]
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** A home may be reached through a symbolic link. */
function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
