/** Starting and stopping the daemons of a home: the agent itself, and sipd through critapp. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { daemonCommand } from '../lib/daemon.ts'
import type { Home } from '../lib/home.ts'
import { isRunning, type ProcessIdentity, readPidFile } from '../lib/process.ts'
import { main as sip } from '../sipd/control/main.ts'

const startWithinMs = 15_000
const stopWithinMs = 15_000

export interface DaemonStatus {
  readonly name: string
  readonly running: boolean
  readonly pid: number | undefined
}

export function agentOf(home: Home): ProcessIdentity | undefined {
  return readPidFile(join(home.run, 'agent.pid'))
}

export function statusOf(home: Home): DaemonStatus[] {
  return ['agent', 'sipd'].map((name) => {
    const pid = readPidFile(join(home.run, `${name}.pid`))?.pid
    return { name, running: pid !== undefined, pid }
  })
}

/** Starts the agent and resolves when it serves; throws with the agent's own words when it does not. */
export async function startAgent(home: Home): Promise<ChildProcess> {
  mkdirSync(home.logs, { recursive: true, mode: 0o700 })
  const outputPath = join(home.logs, 'agent.out')
  const output = openSync(outputPath, 'w', 0o600)
  const { program, args } = daemonCommand('agent', home)
  const child = spawn(program, args, {
    detached: true, // a Ctrl-C is for the starter, which then stops the agent in order
    stdio: ['ignore', output, output],
    cwd: '/',
  })
  closeSync(output)
  const isServing = await until(() => agentOf(home)?.pid === child.pid || hasEnded(child), startWithinMs)
  if (hasEnded(child))
    throw new Error(readFileSync(outputPath, 'utf8').trim() || 'the agent ended at once and said nothing')
  if (!isServing) {
    child.kill('SIGKILL')
    throw new Error(`the agent did not serve within ${startWithinMs / 1000} s; see ${join(home.logs, 'agent.log')}`)
  }
  return child
}

/** Stops the agent first, so that critapp does not start sipd again. */
export async function stopAll(home: Home): Promise<void> {
  const agent = agentOf(home)
  if (agent) {
    process.kill(agent.pid, 'SIGTERM')
    if (!(await until(() => !isRunning(agent), stopWithinMs))) process.kill(agent.pid, 'SIGKILL')
  }
  if (readPidFile(join(home.run, 'sipd.pid'))) await sip(['stop', '--home', home.root])
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

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}
