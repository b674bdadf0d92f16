/** How a command ends, the same for all of them. */
import { ConfigurationError } from '../cnf/complaint.ts'
import { isDenied } from '../errors.ts'
import { HomeError } from '../home/home.ts'
import { NoAnswerError } from '../process/control.ts'

export const exitCodes = { ok: 0, error: 1, usage: 2, noAnswer: 3, refused: 4 } as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** What each says where a command does not say more. */
export const usualMeanings: Readonly<Record<ExitCode, string>> = {
  0: 'done',
  1: 'it did not work, or the answer is an error',
  2: 'wrong usage',
  3: 'no answer in time',
  4: 'refused',
}

/** What was asked is refused, for a reason that its message gives. */
export class RefusedError extends Error {}

/** Ends a command with this exit code. Its message is shown as it is: it says itself what it is about, such as a line of a file. */
export class CommandFailure extends Error {
  readonly exitCode: ExitCode

  constructor(message: string, exitCode: ExitCode = exitCodes.error) {
    super(message)
    this.exitCode = exitCode
  }
}

/** The words of the command are wrong; the help of the command is shown with the message. */
export class UsageError extends CommandFailure {
  constructor(message: string) {
    super(message, exitCodes.usage)
  }
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof HomeError || error instanceof ConfigurationError || error instanceof CommandFailure)
    return error.exitCode
  if (error instanceof NoAnswerError) return exitCodes.noAnswer
  if (error instanceof RefusedError) return exitCodes.refused
  return isDenied(error) ? exitCodes.refused : exitCodes.error
}
