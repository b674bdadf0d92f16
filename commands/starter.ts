/** Starting, watching and stopping the daemons of a home: agent and subagents here, sipd through critapp. */
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { type DaemonName, daemonArgv } from '../lib/daemon.ts'
import type { Home } from '../lib/home.ts'
import { isRunning, type ProcessIdentity, readPidFile } from '../lib/proc/process.ts'
import { describeExit } from '../lib/program/exit.ts'
import { lastWords } from '../lib/program/last-words.ts'
import type { Program } from '../lib/program/program.ts'
import { startProgram } from '../lib/program/start.ts'
import { main as sip } from '../sipd/control/main.ts'

const startWithinMs = 15_000
const stopWithinMs = 15_000
const firstRestartMs = 500
const longestRestartMs = 30_000
/** A daemon that lived this long was well: its next end is answered at once again. */
const wellAfterMs = 60_000

/** In the order they start; they stop the other way round. */
const daemons = ['agent', 'subagents'] as const

export interface DaemonStatus {
  readonly name: string
  readonly running: boolean
  readonly pid: number | undefined
}

export function agentOf(home: Home): ProcessIdentity | undefined {
  return daemonOf(home, 'agent')
}

export function daemonOf(home: Home, name: DaemonName | 'castellan'): ProcessIdentity | undefined {
  return readPidFile(join(home.run, `${name}.pid`))
}

export function statusOf(home: Home): DaemonStatus[] {
  return [...daemons, 'sipd' as const].map((name) => {
    const pid = daemonOf(home, name)?.pid
    return { name, running: pid !== undefined, pid }
  })
}

/** Keeps agent and subagents running, each started again when it ends; one that ends again and again, ever later. */
export class Starter {
  readonly #home: Home
  readonly #say: (sentence: string) => void
  readonly #children = new Map<DaemonName, Program>()
  readonly #delays = new Map<DaemonName, number>()
  #isStopping = false

  constructor(home: Home, say: (sentence: string) => void) {
    this.#home = home
    this.#say = say
  }

  /** Resolves when all serve; throws with a daemon's own words when one does not, and none is left running then. */
  async start(): Promise<void> {
    try {
      for (const name of daemons) await this.#launch(name)
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** Subagents first, so that critapp does not start sipd again; then sipd, unless it is to go on. */
  async stop(sipd: 'stop sipd' | 'keep sipd' = 'stop sipd'): Promise<void> {
    this.#isStopping = true
    await stopDaemons(this.#home, sipd)
    for (const child of this.#children.values()) child.signal('SIGKILL')
  }

  async #launch(name: DaemonName): Promise<void> {
    const child = await startDaemon(this.#home, name)
    this.#children.set(name, child)
    const startedMs = performance.now()
    void child.exited.then((exit) => {
      if (this.#isStopping) return
      const isWell = performance.now() - startedMs > wellAfterMs
      const delayMs = isWell
        ? firstRestartMs
        : Math.min((this.#delays.get(name) ?? 0) * 2 || firstRestartMs, longestRestartMs)
      this.#delays.set(name, delayMs)
      this.#say(`${name} ${describeExit(exit)}; it is started again in ${delayMs / 1000} s`)
      setTimeout(() => this.#restart(name), delayMs)
    })
  }

  #restart(name: DaemonName): void {
    if (this.#isStopping) return
    this.#launch(name).then(
      () => this.#say(`${name} runs again`),
      (error: Error) => {
        const delayMs = Math.min((this.#delays.get(name) ?? firstRestartMs) * 2, longestRestartMs)
        this.#delays.set(name, delayMs)
        this.#say(`${name} does not start: ${error.message}; next try in ${delayMs / 1000} s`)
        setTimeout(() => this.#restart(name), delayMs)
      },
    )
  }
}

/** Resolves when it serves; throws with its own words when it does not. */
async function startDaemon(home: Home, name: DaemonName): Promise<Program> {
  mkdirSync(home.logs, { recursive: true, mode: 0o700 })
  const outputPath = join(home.logs, `${name}.out`)
  const output = openSync(outputPath, 'w', 0o600)
  // A session of its own: a Ctrl-C is for the starter, which then stops them in order.
  const child = startProgram({ argv: daemonArgv(name, home), output })
  closeSync(output)
  const isServing = await until(() => !child.isRunning || daemonOf(home, name)?.pid === child.pid, startWithinMs)
  if (!child.isRunning) {
    const said = lastWords(outputPath)
    const how = `the ${name} ${describeExit(await child.exited)}`
    throw new Error(said || `${how} and printed nothing`)
  }
  if (!isServing) {
    child.signal('SIGKILL')
    throw new Error(`the ${name} did not serve within ${startWithinMs / 1000} s; see ${join(home.logs, `${name}.log`)}`)
  }
  return child
}

/** Stops an appliance however it was started: by its starter where there is one, piece by piece otherwise. */
export async function stopAll(home: Home, sipd: 'stop sipd' | 'keep sipd' = 'stop sipd'): Promise<void> {
  const starter = daemonOf(home, 'castellan')
  if (starter && starter.pid !== process.pid) {
    process.kill(starter.pid, sipd === 'stop sipd' ? 'SIGTERM' : 'SIGUSR2')
    if (await until(() => !isRunning(starter), 3 * stopWithinMs)) return
    process.kill(starter.pid, 'SIGKILL')
  }
  await stopDaemons(home, sipd)
}

async function stopDaemons(home: Home, sipd: 'stop sipd' | 'keep sipd'): Promise<void> {
  for (const name of daemons.toReversed()) {
    const daemon = daemonOf(home, name)
    if (!daemon) continue
    process.kill(daemon.pid, 'SIGTERM')
    if (!(await until(() => !isRunning(daemon), stopWithinMs))) process.kill(daemon.pid, 'SIGKILL')
  }
  if (sipd === 'stop sipd' && daemonOf(home, 'sipd')) await sip(['stop', '--home', home.root])
}

/** Ends a daemon, which its starter then starts again; resolves when the new one serves. */
export async function restartDaemon(home: Home, name: 'agent' | 'subagents'): Promise<void> {
  const before = daemonOf(home, name)
  if (!before || !daemonOf(home, 'castellan'))
    throw new Error(`${name} does not run under a starter; run: castellan start`)
  process.kill(before.pid, 'SIGTERM')
  const isBack = (): boolean => {
    const now = daemonOf(home, name)
    return now !== undefined && now.pid !== before.pid
  }
  if (!(await until(isBack, stopWithinMs + startWithinMs)))
    throw new Error(`${name} did not come back; see ${home.logs}`)
}

/** Resolves to true as soon as the condition holds, to false when it does not in time. */
export async function until(holds: () => boolean, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs
  while (!holds()) {
    if (performance.now() > deadline) return false
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return true
}
