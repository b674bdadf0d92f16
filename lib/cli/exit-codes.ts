/** How a command ends, the same for all of them: 0 ok, 1 an error, 2 wrong usage, 3 no answer in time, 4 refused. */

import { isDenied } from '../errors.ts'
import { HomeError } from '../home/home.ts'
import { NoAnswerError } from '../process/control.ts'

/** What was asked is refused, for a reason that its message gives. */
export class RefusedError extends Error {}

export function exitCodeOf(error: unknown): number {
  if (error instanceof HomeError) return error.exitCode
  if (error instanceof NoAnswerError) return 3
  if (error instanceof RefusedError) return 4
  return isDenied(error) ? 4 : 1
}
