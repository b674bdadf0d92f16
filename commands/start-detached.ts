/** castellan start --detach: the starter goes into the background, and is waited for until all is up, or cannot be. */
import { join } from 'node:path'
import { type Home, programRoot } from '../lib/home.ts'
import { exitCodeOf } from '../lib/program/exit.ts'
import { startProgram } from '../lib/program/start.ts'
import { appFailures, settledApps } from './app-states.ts'
import { board } from './board.ts'
import { until } from './lifecycle/host.ts'
import { linuxHost } from './lifecycle/linux-host.ts'
import { stopOnSignals } from './start.ts'

/** Exit code: 0 when all that is wanted up is up; else 1, also where the appliance goes on and tries. */
export async function startDetached(home: Home): Promise<number> {
  const launcher = join(programRoot, 'bin', 'castellan')
  const starter = startProgram({
    argv: [launcher, 'start', '--home', home.root, '--background'],
    output: 'pipe',
    errors: 'pipe',
  })
  let words = ''
  starter.output?.setEncoding('utf8').on('data', (text: string) => process.stdout.write(text))
  starter.errors?.setEncoding('utf8').on('data', (text: string) => {
    words += text
  })
  const interrupted = new AbortController()
  stopOnSignals(() => {
    interrupted.abort()
    starter.signal('SIGTERM')
  })
  const host = linuxHost(home)
  const hasEnded = (): boolean => !starter.isRunning
  const isServing = (): boolean => host.holder()?.pid === starter.pid && host.holder()?.phase === 'serving'
  // Each of its own waits has a limit.
  await until(host, () => hasEnded() || isServing(), Number.POSITIVE_INFINITY)
  const apps = hasEnded() ? undefined : await settledApps(home, interrupted.signal)
  if (interrupted.signal.aborted) await starter.exited
  process.stderr.write(words)
  if (starter.exit) return exitCodeOf(starter.exit) > 0 ? exitCodeOf(starter.exit) : 1
  starter.closeStreams()
  starter.unref()
  process.stdout.write(await board(home, apps))
  const failures = appFailures(apps)
  for (const sentence of failures) process.stderr.write(`castellan: ${sentence}\n`)
  return failures.length === 0 ? 0 : 1
}
