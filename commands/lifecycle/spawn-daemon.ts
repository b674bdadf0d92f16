/** Starts a daemon in a session of its own, its words in logs/NAME.out. */
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { daemonCommand } from '../../lib/daemon.ts'
import type { Home } from '../../lib/home.ts'
import { starterVariable } from '../../lib/home-processes.ts'
import { readProcess } from '../../lib/process.ts'
import { describeEnd, explain } from '../../lib/process-end.ts'
import type { Child, ChildEnd, OwnDaemon } from './host.ts'

/** Throws when there is no such program, or no room for its output. */
export function spawnDaemon(home: Home, name: OwnDaemon): Child {
  mkdirSync(home.logs, { recursive: true, mode: 0o700 })
  const outputPath = join(home.logs, `${name}.out`)
  const output = openSync(outputPath, 'w', 0o600)
  const { program, args } = daemonCommand(name, home)
  const child = spawn(program, args, {
    detached: true, // a Ctrl-C is for the starter, which then stops them in order
    stdio: ['ignore', output, output],
    cwd: '/',
    env: { ...process.env, [starterVariable]: String(process.pid) },
  })
  closeSync(output)
  let end: ChildEnd | undefined
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      end = { how: `cannot be started: ${explain(error)}`, words: '' }
      resolve()
    })
    child.once('exit', (code, signal) => {
      const words = lastWords(outputPath)
      end = { how: `${describeEnd(code, signal)}${words ? '' : whySilent(outputPath)}`, words }
      resolve()
    })
  })
  const pid = child.pid ?? 0
  return {
    pid,
    startTicks: readProcess(pid)?.startTicks ?? 0,
    ended,
    get end() {
      return end
    },
  }
}

const longestWords = 4096

function lastWords(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim().slice(-longestWords)
  } catch {
    return ''
  }
}

/** A program whose output has no room says nothing, so this tries whether there is room. */
function whySilent(path: string): string {
  try {
    const file = openSync(path, 'a')
    try {
      writeSync(file, '\n')
    } finally {
      closeSync(file)
    }
    return ' and said nothing'
  } catch (error) {
    return ` and could not say why, as ${path} cannot be written: ${(error as Error).message}`
  }
}
