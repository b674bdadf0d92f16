/** Finding the process that a row means, among all that run. */
import { basename, dirname, join, resolve } from 'node:path'
import { type ProcessStat, readEnvironment, readPidFile, readProcess } from '../../lib/proc/process.ts'
import { listPids } from '../../lib/proc/processes.ts'

export interface Search {
  /** critAppProcName: the real process name. */
  readonly name: string
  /** Where NAME.pid may be. */
  readonly runFolder: string
  /** The appliance's own folder: a process that says it serves another one is not ours. */
  readonly home: string
  /** A process group whose leader has ended: what is left of it are orphans, not the process; a new leader is one. */
  readonly notOfGroup?: number | undefined
}

/** All that runs now. One look costs about 20 us a process, so it is shared by all who search. */
export function scanProcesses(): ProcessStat[] {
  return listPids().flatMap((pid) => readProcess(pid) ?? [])
}

/** The process itself: by its PID file when that names a live one, else by its name; and how many have that name. */
export function findProcesses(
  { name, runFolder, home, notOfGroup }: Search,
  processes: readonly ProcessStat[],
): { main: ProcessStat | undefined; count: number } {
  const fromPidFile = readPidFile(join(runFolder, `${name}.pid`))
  const matching = processes.filter(
    (process) =>
      process.pid !== globalThis.process.pid &&
      (process.groupId !== notOfGroup || process.pid === notOfGroup) &&
      isNamed(process, name) &&
      !isElsewhere(process, home),
  )
  const pids = new Set(matching.map(({ pid }) => pid))
  const named = fromPidFile && matching.find(({ pid }) => pid === fromPidFile.pid)
  // Of a parent and its workers it is the parent; of several alike the oldest.
  const eldest = matching.filter(({ parentPid }) => !pids.has(parentPid)).sort((a, b) => a.startTicks - b.startTicks)[0]
  return { main: named ?? eldest, count: matching.length }
}

/**
 * Whether the process goes by this name: its program, the script that an interpreter runs, or the folder of a script
 * called main.js, which is how our own daemons run.
 */
export function isNamed({ name: kernelName, command }: Pick<ProcessStat, 'name' | 'command'>, name: string): boolean {
  const [program = '', ...args] = command
  if (basename(program) === name) return true
  const script = args.find((argument) => !argument.startsWith('-'))
  if (script !== undefined && isInterpreter(basename(program))) {
    const file = basename(script)
    if (file === name || file.replace(/\.[a-z]+$/, '') === name) return true
    if (/^main\.[cm]?js$/.test(file) && basename(dirname(script)) === name) return true
    return false
  }
  // The kernel keeps 15 characters; a program may also have given itself this name.
  return kernelName === name.slice(0, 15) && command.length > 0
}

function isInterpreter(program: string): boolean {
  return /^(node|bash|sh|dash|python[\d.]*|perl|ruby|php)$/.test(program)
}

function isElsewhere({ pid, command }: Pick<ProcessStat, 'pid' | 'command'>, home: string): boolean {
  const at = command.indexOf('--home')
  const named =
    (at >= 0 ? command[at + 1] : command.find((word) => word.startsWith('--home='))?.slice('--home='.length)) ??
    readEnvironment(pid, 'CASTELLAN_HOME')
  return named !== undefined && named !== '' && resolve(named) !== resolve(home)
}
