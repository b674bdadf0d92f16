/** `rotatelogs PATH [SECONDS [OFFSET] | SIZE]`: a log from standard input into files that begin again every so often. */

import { accessSync, constants } from 'node:fs'
import { dirname } from 'node:path'
import { messageOf } from '../../../lib/errors.ts'
import { programVersion } from '../../../lib/version.ts'
import { parseInvocation } from './arguments.ts'
import { Rotator, type RotatorOptions } from './rotator.ts'

const usage = `usage: rotatelogs PATH [SECONDS [OFFSET] | SIZE] [--help] [--version]

  Writes what it reads to PATH.UNIX-TIME, the time being when the interval begins, or the next above all files that are
  there when the clock is behind them. A file is made when there is a line for it, and a line is never split between two.

  SECONDS   a new file at every multiple of so many seconds since 1970; 86400 when left out
  OFFSET    minutes by which local time is ahead of UTC, so that a day begins at local midnight
  SIZE      a new file before one grows beyond this: 500K, 5M, 1G

  On a full disk it goes on reading, says so once, and says how many lines were lost when there is room again.
  Exit code: 0 all was written, 1 lines were lost or the folder cannot be written, 2 wrong usage.
`

/** A signal usually ends the writer as well; its last lines are still to come. */
const lastLinesWithinMs = 5000

/** Gives the exit code when the input has ended. */
export async function main(args: readonly string[]): Promise<number> {
  const invocation = parseInvocation(args)
  process.stderr.on('error', () => {}) // nobody is left to complain to
  switch (invocation.kind) {
    case 'help':
      process.stdout.write(usage)
      return 0
    case 'version':
      process.stdout.write(`rotatelogs ${programVersion()}\n`)
      return 0
    case 'wrong':
      complain(invocation.message)
      process.stderr.write(usage)
      return 2
    case 'rotate':
      return rotate(invocation)
  }
}

async function rotate({ path, rule }: Pick<RotatorOptions, 'path' | 'rule'>): Promise<number> {
  try {
    accessSync(dirname(path), constants.W_OK | constants.X_OK)
  } catch (error) {
    complain(`the folder of ${path} cannot be written: ${messageOf(error)}`)
    return 1
  }
  const rotator = new Rotator({ path, rule, nowMs: Date.now, complain })
  process.stdin.on('data', (chunk: Buffer) => rotator.write(chunk))
  await new Promise<void>((resolve) => {
    process.stdin.once('end', resolve)
    process.stdin.once('error', (error) => {
      complain(`standard input cannot be read: ${error.message}`)
      resolve()
    })
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
      process.on(signal, () => setTimeout(resolve, lastLinesWithinMs).unref())
  })
  process.stdin.destroy()
  rotator.end()
  return rotator.lostLines > 0 ? 1 : 0
}

function complain(sentence: string): void {
  process.stderr.write(`rotatelogs: ${sentence}\n`)
}
