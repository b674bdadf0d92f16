/** castellan start --detach: the starter goes into the background, and is waited for until all is up, or cannot be. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type Home, programRoot } from '../lib/home.ts'
import { appFailures, settledApps } from './app-states.ts'
import { board } from './board.ts'
import { until } from './lifecycle/host.ts'
import { linuxHost } from './lifecycle/linux-host.ts'
import { stopOnSignals } from './start.ts'

/** Exit code: 0 when all that is wanted up is up; else 1, also where the appliance goes on and tries. */
export async function startDetached(home: Home): Promise<number> {
  const launcher = join(programRoot, 'bin', 'castellan')
  const child = spawn(process.execPath, [launcher, 'start', '--home', home.root, '--background'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: '/',
  })
  let words = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => process.stdout.write(text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words += text
  })
  const interrupted = new AbortController()
  stopOnSignals(() => {
    interrupted.abort()
    child.kill('SIGTERM')
  })
  const host = linuxHost(home)
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null
  const isServing = (): boolean => host.holder()?.pid === child.pid && host.holder()?.phase === 'serving'
  // Each of its own waits has a limit.
  await until(host, () => hasEnded() || isServing(), Number.POSITIVE_INFINITY)
  const apps = hasEnded() ? undefined : await settledApps(home, interrupted.signal)
  if (interrupted.signal.aborted && !hasEnded()) await once(child, 'exit')
  process.stderr.write(words)
  if (hasEnded()) return child.exitCode || 1
  for (const stream of [child.stdout, child.stderr]) stream.destroy()
  child.unref()
  process.stdout.write(await board(home, apps))
  const failures = appFailures(apps)
  for (const sentence of failures) process.stderr.write(`castellan: ${sentence}\n`)
  return failures.length === 0 ? 0 : 1
}
