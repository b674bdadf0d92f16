/** `sip start`: starts sipd in the background and waits until it serves. */
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { daemonCommand } from '../../lib/daemon.ts'
import type { Home } from '../../lib/home.ts'
import { processesOf } from '../../lib/home-processes.ts'
import { type Command, CommandFailure, exitCodes } from './command.ts'
import { report } from './report.ts'
import { pause, runningSipd } from './sipd.ts'

const startWithinMs = 10_000

export const startCommand: Command = {
  name: 'start',
  synopsis: '',
  help: 'starts sipd in the background; is content when it runs already',
  operandCount: 0,
  options: [],
  run: async ({ home }) => {
    await report('Starting', () => startSipd(home))
    return exitCodes.ok
  },
}

/** Throws a CommandFailure with what sipd said when it does not serve. */
export async function startSipd(home: Home): Promise<void> {
  if (runningSipd(home)) return
  mkdirSync(home.logs, { recursive: true, mode: 0o700 })
  const outputPath = join(home.logs, 'sipd.out')
  const output = openSync(outputPath, 'w', 0o600)
  const { program, args } = daemonCommand('sipd', home)
  const child = spawn(program, args, { detached: true, stdio: ['ignore', output, output], cwd: '/' })
  closeSync(output)
  let isEnded = false
  child.on('exit', () => {
    isEnded = true
  })
  child.on('error', () => {
    isEnded = true
  })
  const deadlineMs = performance.now() + startWithinMs
  while (performance.now() < deadlineMs) {
    if (runningSipd(home)) {
      child.unref()
      return
    }
    // Ours leaves it to one that somebody else has just started.
    const isAnothers = isEnded && processesOf(home).some(({ part }) => part === 'sipd')
    if (isEnded && !isAnothers)
      throw new CommandFailure(readFileSync(outputPath, 'utf8').trim() || 'sipd ended at once, silently')
    await pause(25)
  }
  child.kill('SIGKILL')
  throw new CommandFailure(`sipd did not serve within ${startWithinMs / 1000} s and was killed`)
}
