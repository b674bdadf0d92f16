/** Starts a daemon in a session of its own, its words in logs/NAME/NAME.out. */
import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { type Home, makeFolders } from '../../lib/home/home.ts'
import { starterVariable } from '../../lib/home/processes.ts'
import { openOutput } from '../../lib/log/output-file.ts'
import { readProcess } from '../../lib/proc/process.ts'
import { daemonArgv } from '../../lib/process/daemon.ts'
import { describeExit, exitCodeOf } from '../../lib/program/exit.ts'
import { lastLines, lastWords } from '../../lib/program/last-words.ts'
import { startProgram } from '../../lib/program/start.ts'
import type { Child, ChildEnd, OwnDaemon } from './host.ts'

/** Throws when its output cannot be opened. A Ctrl-C does not reach it: the starter stops the daemons in order. */
export function spawnDaemon(home: Home, name: OwnDaemon): Child {
  const outputPath = join(makeFolders(home, name).logs, `${name}.out`)
  const output = openOutput(outputPath)
  const variables = { [starterVariable]: String(process.pid) }
  const program = startProgram({ argv: daemonArgv(name, home), output, variables })
  closeSync(output)
  let end: ChildEnd | undefined
  const ended = program.exited.then((exit) => {
    const isSilent = lastLines(outputPath, 1).length === 0
    const words = lastWords(outputPath)
    const exitCode = exitCodeOf(exit)
    end = isSilent
      ? { how: `${describeExit(exit)}; ${words || 'it printed nothing'}`, words: '', exitCode }
      : { how: describeExit(exit), words, exitCode }
  })
  const { pid = 0 } = program
  return {
    pid,
    startTicks: readProcess(pid)?.startTicks ?? 0,
    ended,
    get end() {
      return end
    },
  }
}
