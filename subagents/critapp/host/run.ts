/** Running a row's commands by lib/program: what all of them share, and those whose end alone is of interest. */

import type { SpareDescriptors } from '../../../lib/process/spare-descriptors.ts'
import { describeExit, isSuccess } from '../../../lib/program/exit.ts'
import type { Launcher } from '../../../lib/program/launcher.ts'
import { type Outcome, runProgram } from '../../../lib/program/run.ts'
import type { ParsedCommand } from '../../../lib/text/command.ts'

export interface CommandOptions {
  readonly limitMs: number
  readonly variables?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
  readonly maxOctets?: number
  /** Lent for its start, where it has to be started whatever else is open. */
  readonly spare?: SpareDescriptors
  /** Of a command that may start or stop anything on the machine. */
  readonly launcher?: Launcher
}

/** What a command answers; one that is not of the grammar could not be started. */
export async function runForAnswer(command: ParsedCommand, { spare, ...options }: CommandOptions): Promise<Outcome> {
  if ('error' in command) {
    const exit = { kind: 'notStarted', code: undefined, reason: command.error } as const
    return { exit, output: '', errors: '', printed: '' }
  }
  const run = (): Promise<Outcome> => runProgram({ argv: command.argv, ...options })
  return spare ? spare.lend(run) : run()
}

/**
 * Undefined when the command ended with 0; else what went wrong. Its output is not read: it may leave a daemon behind,
 * which would be killed by SIGPIPE when we stop reading.
 */
export async function runToEnd(command: ParsedCommand, options: CommandOptions): Promise<string | undefined> {
  const { exit } = await runForAnswer(command, { ...options, maxOctets: 0 })
  return isSuccess(exit) ? undefined : describeExit(exit)
}
