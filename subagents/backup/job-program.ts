/** A job as a program of its own, which outlives this process. */
import { join } from 'node:path'
import { describeExit } from '../../lib/program/exit.ts'
import type { Launcher } from '../../lib/program/launcher.ts'
import { programRoot } from '../../lib/program-root.ts'

/** It could not begin: there is no status that would say so. */
const cannotBegin = 2

export function jobProgram(launcher: Launcher): (folder: string) => Promise<string | undefined> {
  return async (folder) => {
    const argv = [process.execPath, join(programRoot, 'dist/backup/main.js'), folder] as const
    const program = await launcher.start({ argv })
    program.unref()
    const exit = await program.exited
    const isWrong = exit.kind === 'notStarted' || (exit.kind === 'exited' && exit.code === cannotBegin)
    return isWrong ? `the program of the job ${describeExit(exit)}` : undefined
  }
}
