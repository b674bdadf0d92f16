/** The exit codes of what an agent answers, or does not. */
import { type ExitCode, exitCodes } from '../../lib/cli/exit-codes.ts'
import { ReportError, ResponseError, TimeoutError } from '../../snmp/manager/manager.ts'

/** Undefined for an error of another kind. */
export function exitCodeOfSnmp(error: unknown): ExitCode | undefined {
  if (error instanceof TimeoutError) return exitCodes.noAnswer
  if (error instanceof ResponseError)
    return error.status === 'noAccess' || error.status === 'authorizationError' ? exitCodes.refused : exitCodes.error
  // What a command adds to an answer of the agent does not change what the answer was.
  return error instanceof Error && error.cause !== undefined ? exitCodeOfSnmp(error.cause) : undefined
}

/** Of tools that ask as whom they are told to: a Report says that the agent does not take them for that user. */
export function exitCodeOfTool(error: unknown): ExitCode | undefined {
  return error instanceof ReportError ? exitCodes.refused : exitCodeOfSnmp(error)
}
