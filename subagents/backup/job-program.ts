/** A job as a program of its own, which outlives this process. */
import { join } from 'node:path'
import { visibleProcesses } from '../../lib/proc/process.ts'
import { describeExit } from '../../lib/program/exit.ts'
import type { Launcher } from '../../lib/program/launcher.ts'
import { programRoot } from '../../lib/program-root.ts'

/** It could not begin: there is no status that would say so. */
const cannotBegin = 2

const mainPath = join(programRoot, 'dist/backup/main.js')

/** Whether a program of the job in that folder runs: another one of us may have started it. */
export function isJobProgramRunning(folder: string): boolean {
  return visibleProcesses().some(({ command }) => command.includes(mainPath) && command.at(-1) === folder)
}

/** Starts the program of the job in a folder, and resolves when it has ended, to why it could not begin. */
export function jobProgram(launcher: Launcher): (folder: string) => Promise<string | undefined> {
  return async (folder) => {
    const argv = [process.execPath, mainPath, folder] as const
    const program = await launcher.start({ argv })
    program.unref()
    const exit = await program.exited
    const isWrong = exit.kind === 'notStarted' || (exit.kind === 'exited' && exit.code === cannotBegin)
    return isWrong ? `the program of the job ${describeExit(exit)}` : undefined
  }
}
