/** Finding the process that a row means, among all that run. */
import { basename, dirname, join, resolve, sep } from 'node:path'
import type { ProcessIdentity, ProcessStat } from '../../../lib/proc/process.ts'
import { programRoot } from '../../../lib/program-root.ts'
import { isControlScript, scriptOf } from '../host/control-script.ts'
import type { ProcessLooks } from '../host/process-host.ts'

export interface Search {
  /** critAppProcName: the real process name. */
  readonly name: string
  /** The one that its PID file names, if that runs. */
  readonly fromPidFile: ProcessIdentity | undefined
  /** The appliance's own folder: a process that says it serves another one is not ours. */
  readonly home: string
  /** A process group whose leader has ended: what is left of it are orphans, not the process; a new leader is one. */
  readonly notOfGroup?: number | undefined
  /** Whether this process is one that the row may take for its own, however it is called. */
  readonly isTrusted: (process: ProcessStat) => boolean
  readonly looks: ProcessLooks
}

/** The process that a row means, if it runs, and how many it has. */
export interface FoundProcesses {
  readonly main: ProcessStat | undefined
  readonly count: number
}

/** The process itself: by its PID file when that names a live one, else by its name; and how many have that name. */
export function findProcesses(
  { name, fromPidFile, home, notOfGroup, isTrusted, looks }: Search,
  processes: readonly ProcessStat[],
): FoundProcesses {
  const matching = processes.filter(
    (process) =>
      (process.groupId !== notOfGroup || process.pid === notOfGroup) &&
      isNamed(process, name, looks) &&
      !isControlScript(process, (one) => looks.ageMs(one)) &&
      !isElsewhere(process, home, looks) &&
      isTrusted(process),
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
export function isNamed(
  process: Pick<ProcessStat, 'pid' | 'name' | 'command'>,
  name: string,
  looks: Pick<ProcessLooks, 'programNameOf'>,
): boolean {
  const [program] = process.command
  if (program === undefined) return false // a kernel thread
  if (basename(program) === name) return true
  const script = scriptOf(process.command)
  return script === undefined ? hasKernelName(process, name, looks) : isScriptNamed(script, name)
}

function isScriptNamed(script: string, name: string): boolean {
  const file = basename(script)
  if (file === name || file.replace(/\.[a-z]+$/, '') === name) return true
  if (!/^main\.[cm]?js$/.test(file) || basename(dirname(script)) !== name) return false
  // Parts of our own daemons, such as the workers of sipd, have a main.js too, and are no processes of their own.
  return !script.startsWith(`${programRoot}${sep}`) || dirname(dirname(script)) === join(programRoot, 'dist')
}

/** TASK_COMM_LEN of the kernel, without the NUL at the end. */
const kernelNameLength = 15

/** A program may also have given itself this name: to the kernel (prctl(2)), or in place of its command line. */
function hasKernelName(
  { pid, name: kernelName, command }: Pick<ProcessStat, 'pid' | 'name' | 'command'>,
  name: string,
  looks: Pick<ProcessLooks, 'programNameOf'>,
): boolean {
  if (name.length <= kernelNameLength) return kernelName === name
  if (kernelName !== name.slice(0, kernelNameLength)) return false
  // The kernel cuts names off, and others may begin alike: the whole name has to stand somewhere.
  return basename(command.join(' ').split(/[:\s]/, 1)[0] ?? '') === name || looks.programNameOf(pid) === name
}

/** Whether it says, by its arguments or its environment, that it serves another appliance. */
export function isElsewhere(
  { pid, command }: Pick<ProcessStat, 'pid' | 'command'>,
  home: string,
  looks: Pick<ProcessLooks, 'environmentOf'>,
): boolean {
  const at = command.indexOf('--home')
  const named =
    (at >= 0 ? command[at + 1] : command.find((word) => word.startsWith('--home='))?.slice('--home='.length)) ??
    looks.environmentOf(pid, 'CASTELLAN_HOME')
  return named !== undefined && named !== '' && resolve(named) !== resolve(home)
}
