/** A daemon as the starter has it: with its start time, and how it ended in words. */
import { type Home, makeFolders } from '../../lib/home/home.ts'
import { readProcess } from '../../lib/proc/process.ts'
import { starterVariable } from '../../lib/process/home-processes.ts'
import { launchDaemon } from '../../lib/process/launch-daemon.ts'
import { describeExit, exitCodeOf } from '../../lib/program/exit.ts'
import { lastLines, lastWords } from '../../lib/program/last-words.ts'
import type { Child, ChildEnd, OwnDaemon } from './host.ts'

/** Throws when its output cannot be opened. A Ctrl-C does not reach it: the starter stops the daemons in order. */
export function spawnDaemon(home: Home, name: OwnDaemon): Child {
  makeFolders(home, name)
  const { program, outputPath } = launchDaemon(home, name, { [starterVariable]: String(process.pid) })
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
