/** castellan start --detach: the starter goes into the background, and is waited for until all is up, or cannot be. */
import { join } from 'node:path'
import { type ExitCode, exitCodes } from '../../lib/cli/exit-codes.ts'
import type { Home } from '../../lib/home/home.ts'
import { exitCodeOf } from '../../lib/program/exit.ts'
import { startProgram } from '../../lib/program/start.ts'
import { programRoot } from '../../lib/program-root.ts'
import { until } from '../lifecycle/host.ts'
import { linuxHost } from '../lifecycle/linux-host.ts'
import { appFailures, settledApps } from './app-states.ts'
import { board } from './board.ts'
import { stopOnSignals } from './signals.ts'

const consoleWithinMs = 5000

/** Exit code: 0 when all that is wanted up is up; else 1, also where the appliance goes on and tries. */
export async function startDetached(home: Home): Promise<ExitCode> {
  const child = startProgram({
    argv: [join(programRoot, 'bin', 'castellan'), 'start', '--home', home.root, '--background'],
    output: 'pipe',
    errors: 'pipe',
  })
  let words = ''
  child.output?.setEncoding('utf8').on('data', (text: string) => process.stdout.write(text))
  child.errors?.setEncoding('utf8').on('data', (text: string) => {
    words += text
  })
  const interrupted = new AbortController()
  stopOnSignals(() => {
    interrupted.abort()
    child.signal('SIGTERM')
  })
  const host = linuxHost(home)
  const isServing = (): boolean => host.holder()?.pid === child.pid && host.holder()?.phase === 'serving'
  // Each of its own waits has a limit.
  await until(host, () => !child.isRunning || isServing(), Number.POSITIVE_INFINITY)
  const apps = child.isRunning ? await settledApps(home, interrupted.signal) : undefined
  // It is no reason to fail: the appliance runs without it, and its log says why it does not.
  await until(host, () => !child.isRunning || host.serving('console') !== undefined, consoleWithinMs)
  if (interrupted.signal.aborted) await child.exited
  // What it said last is read before it is written.
  if (!child.isRunning) await child.closed
  process.stderr.write(words)
  if (!child.isRunning) return failureOf(exitCodeOf(await child.exited))
  for (const stream of [child.output, child.errors]) stream?.destroy()
  child.unref()
  process.stdout.write(await board(home, apps))
  const failures = appFailures(apps)
  for (const sentence of failures) process.stderr.write(`castellan: ${sentence}\n`)
  return failures.length === 0 ? exitCodes.ok : exitCodes.error
}

/** What ended before it served has failed, whatever its exit code. */
function failureOf(code: number): ExitCode {
  return code === exitCodes.refused ? exitCodes.refused : exitCodes.error
}
