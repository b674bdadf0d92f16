/** A daemon that is asked to check its files (`--check`): it reads them as it would on a start, reports, and writes nothing at all. */
import { writeSync } from 'node:fs'
import type { Complaint } from '../cnf/complaint.ts'
import { messageOf } from '../errors.ts'
import { type Home, resolveHome } from '../home/home.ts'
import { type Log, silentLog } from '../log/log.ts'

/** What a daemon's main.ts works with, without a log file, a folder or a signal handler. */
export function openForCheck(homeOption: string | undefined): {
  readonly home: Home
  readonly log: Log
  readonly run: () => Promise<never>
} {
  const run = (): never => {
    throw new Error('bug: a daemon that checks its files was started')
  }
  return { home: resolveHome(homeOption), log: silentLog, run: async () => run() }
}

/** Prints the complaints as JSON for `castellan check`, and ends the process: 0 when its files could be looked at. */
export async function checkAndExit(check: () => Promise<readonly Complaint[]>): Promise<never> {
  try {
    print(1, `${JSON.stringify(await check())}\n`)
    process.exit(0)
  } catch (error) {
    print(2, `${messageOf(error)}\n`)
    process.exit(1)
  }
}

/** Whole, before the process ends: a pipe takes no more at a time than it has room for. */
function print(descriptor: number, text: string): void {
  const octets = Buffer.from(text)
  for (let at = 0; at < octets.length; ) at += writeSync(descriptor, octets, at)
}
