/** A process of a test without a descriptor left, for as long as a function runs. */
import { execFileSync } from 'node:child_process'
import { closeSync, openSync, readdirSync } from 'node:fs'
import { codeOf } from '../../lib/errors.ts'
import { openFileLimit } from '../../lib/proc/limits.ts'

/**
 * What starting `prlimit` takes (pipes, the loop of a synchronous start): so many are opened and closed again, that the limit can be
 * lifted whatever holes the descriptors of this process have.
 */
const neededToLift = 32

/** Lowers the soft limit of this process, so that few have to be opened; `leave` of them are left. */
export async function withoutDescriptors<T>(act: () => T | Promise<T>, leave = 0): Promise<T> {
  const limit = openFileLimit()!
  setLimit(Math.max(...readdirSync('/proc/self/fd').map(Number)) + neededToLift + leave)
  const taken: number[] = []
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'))
  } catch (error) {
    if (codeOf(error) !== 'EMFILE') throw error
  }
  for (const descriptor of taken.splice(0, leave)) closeSync(descriptor)
  try {
    return await act()
  } finally {
    for (const descriptor of taken) closeSync(descriptor)
    setLimit(limit)
  }
}

function setLimit(openFiles: number): void {
  execFileSync('prlimit', ['--pid', String(process.pid), `--nofile=${openFiles}:`])
}
