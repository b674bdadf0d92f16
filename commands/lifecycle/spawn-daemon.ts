/** Starts a daemon in a session of its own, its words in logs/NAME.out. */
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { daemonArgv } from '../../lib/daemon.ts'
import type { Home } from '../../lib/home.ts'
import { starterVariable } from '../../lib/home-processes.ts'
import { readProcess } from '../../lib/proc/process.ts'
import { describeExit } from '../../lib/program/exit.ts'
import { lastWords } from '../../lib/program/last-words.ts'
import { startProgram } from '../../lib/program/start.ts'
import type { Child, ChildEnd, OwnDaemon } from './host.ts'

const longestWords = 4096

/** Throws when there is no room for its output. */
export function spawnDaemon(home: Home, name: OwnDaemon): Child {
  mkdirSync(home.logs, { recursive: true, mode: 0o700 })
  const outputPath = join(home.logs, `${name}.out`)
  const output = openSync(outputPath, 'w', 0o600)
  // A session of its own: a Ctrl-C is for the starter, which then stops them in order.
  const program = startProgram({
    argv: daemonArgv(name, home),
    output,
    variables: { [starterVariable]: String(process.pid) },
  })
  closeSync(output)
  let end: ChildEnd | undefined
  const ended = program.exited.then((exit) => {
    const words = exit.kind === 'notStarted' ? '' : lastWords(outputPath).slice(-longestWords)
    end = { how: describeExit(exit), words }
  })
  const pid = program.pid ?? 0
  return {
    pid,
    startTicks: readProcess(pid)?.startTicks ?? 0,
    ended,
    get end() {
      return end
    },
  }
}
