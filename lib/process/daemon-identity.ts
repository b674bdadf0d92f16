/** Whether a process is a daemon of a home: by its user, its program, its command line and its home together, never by a file's word. */
import { realpathSync, statSync } from 'node:fs'
import { basename, dirname, isAbsolute, join } from 'node:path'
import { isDenied, isMissing, messageOf } from '../errors.ts'
import { readPidFile } from '../files/pid-file.ts'
import { domains, foldersOf, type Home, HomeError, pidFileOf } from '../home/home.ts'
import {
  executableOf,
  type ProcessIdentity,
  type ProcessStat,
  readEnvironment,
  userOf,
  workingFolderOf,
} from '../proc/process.ts'
import { type SignalTarget, sendSignal } from '../proc/signal.ts'
import { programRoot } from '../program-root.ts'
import type { DaemonName } from './daemon.ts'

/** The daemons, and the command that starts sipd. */
export type Part = DaemonName | 'sip'

/**
 * The daemon that serves in a home, as its PID file and /proc say together. Undefined when there is none, or when what the file
 * names is something else. Throws where nobody can tell: HomeError (4) when the caller may not read the file or look at the
 * process, what the system says when no descriptor is left.
 */
export function daemonOf(home: Home, name: DaemonName): ProcessIdentity | undefined {
  try {
    const named = readPidFile(pidFileOf(home, name))
    return named && isPartOf(home, name, named) ? named : undefined
  } catch (error) {
    if (!isDenied(error)) throw error
    const user = process.geteuid?.()
    const sentence = `this user (uid ${user}) may not see whether the ${name} of ${home.root} runs: ${messageOf(error)}`
    throw new HomeError(`${sentence}; run the command as root, or as the owner of the home`, 4)
  }
}

/** Nothing happens when it has ended. Throws HomeError, with exit code 4 where this user may not signal or see it. */
export function signalDaemon(target: SignalTarget, signal: NodeJS.Signals): void {
  try {
    sendSignal(target, signal)
  } catch (error) {
    throw new HomeError(`PID ${target.pid} cannot be sent ${signal}: ${messageOf(error)}`, isDenied(error) ? 4 : 1)
  }
}

/** Whether a process is this part of this home. Throws where nobody can tell. */
export function isPartOf(home: Home, part: Part, process: ProcessIdentity): boolean {
  return partOf(process.command) === part && servesHome(home, process) && isRunBy(home, part, process.pid)
}

/** What a command line is of ours; undefined for other programs, and for commands that start no daemon themselves. */
export function partOf(command: readonly string[]): Part | undefined {
  const [program = '', ...args] = command
  if (!isNode(program) || args.includes('--check')) return undefined
  const at = args.findIndex((word) => !word.startsWith('-'))
  const script = args[at] ?? ''
  const daemon = domains.find((name) => name === basename(dirname(script)))
  if (basename(script) === 'main.js' && daemon) return daemon
  const words = args.slice(at + 1)
  return basename(script) === 'sip' && (words.includes('start') || words.includes('restart')) ? 'sip' : undefined
}

/** Whether its arguments, or its environment where they do not say, name this home. */
export function servesHome(home: Home, process: Pick<ProcessIdentity, 'pid' | 'command'>): boolean {
  return realPath(homeOf(process)) === realPath(home.root)
}

/**
 * Whether it runs node, as a user who may be this part: root, the user of this process, or whoever the part's folder belongs
 * to. What a process says of itself, in its command line or its environment, any user can say.
 */
export function isRunBy(home: Home, part: Part, pid: number): boolean {
  const user = userOf(pid)
  if (user === undefined || !usersOf(home, part).includes(user)) return false
  try {
    const executable = executableOf(pid) ?? ''
    return isNode(executable) || executable === realPath(process.execPath)
  } catch (error) {
    // Another user's, which its user has to stand for.
    if (isDenied(error)) return true
    throw error
  }
}

/** Who may be this part of the home, as uids. */
function usersOf(home: Home, part: Part): readonly (number | undefined)[] {
  const own = process.geteuid?.()
  // `sip` starts sipd, and is run by who supervises it.
  const folders = part === 'sip' ? [home.run] : [foldersOf(home, part).run, home.run]
  for (const folder of folders) {
    try {
      return [0, own, statSync(folder).uid]
    } catch (error) {
      // A home that was made before each part had a folder.
      if (!isMissing(error)) throw error
    }
  }
  return [0, own]
}

const isNode = (program: string): boolean => /^node(js)?$/.test(basename(program))

/** As `resolveHome` has it, in that process's folder and environment. */
function homeOf({ pid, command }: Pick<ProcessStat, 'pid' | 'command'>): string {
  const at = command.indexOf('--home')
  const named =
    (at >= 0 ? command[at + 1] : undefined) ??
    command.find((word) => word.startsWith('--home='))?.slice('--home='.length) ??
    readEnvironment(pid, 'CASTELLAN_HOME') ??
    join(programRoot, 'var')
  return isAbsolute(named) ? named : join(workingFolderOf(pid), named)
}

/** A home may be reached through a symbolic link. */
function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
