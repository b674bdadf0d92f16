/**
 * Scripts that control a daemon and often have its very name, such as `/etc/init.d/bar start`: none of them is the
 * daemon, however long they run.
 */
import { basename } from 'node:path'
import type { ProcessStat } from '../../../lib/proc/process.ts'

/** What such scripts are called with (LSB, and what daemons have besides). */
const orders = ['stop', 'restart', 'try-restart', 'condrestart', 'reload', 'force-reload', 'graceful', 'status']

/** One that is called with `start` may also stay in front as the daemon itself: then it lives longer than this. */
export const startScriptMs = 10_000

/** Only shell scripts: of other programs `status` may be the name of a queue. `ageOf` is asked only where it matters. */
export function isControlScript<P extends Pick<ProcessStat, 'command'>>(
  process: P,
  ageOf: (process: P) => number,
): boolean {
  const { command } = process
  const script = scriptOf(command)
  if (script === undefined || !isShell(basename(command[0] ?? ''))) return false
  const order = command[command.indexOf(script) + 1] ?? ''
  return orders.includes(order) || (order === 'start' && ageOf(process) < startScriptMs)
}

/** The script that an interpreter runs; undefined where the program itself is what runs. */
export function scriptOf([program = '', ...args]: readonly string[]): string | undefined {
  const isInterpreter = isShell(basename(program)) || /^(node|python[\d.]*|perl|ruby|php)$/.test(basename(program))
  return isInterpreter ? args.find((argument) => !argument.startsWith('-')) : undefined
}

function isShell(program: string): boolean {
  return /^(bash|sh|dash|ksh)$/.test(program)
}
