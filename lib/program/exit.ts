/** What became of a program: a value for code, and in words for people. */
import { constants } from 'node:os'

export type ProgramExit =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: NodeJS.Signals }
  /** Its time was over, and it was killed. */
  | { readonly kind: 'timedOut'; readonly limitMs: number }
  /** It printed more than it may, and was killed. */
  | { readonly kind: 'printedTooMuch'; readonly maxOctets: number }
  /** The caller no longer wanted it, and it was killed. */
  | { readonly kind: 'aborted' }
  /** `code` is that of errno(3), where it has one; `reason` the same as a sentence. */
  | { readonly kind: 'notStarted'; readonly code: string | undefined; readonly reason: string }

/** Follows the name of the program: `ended with exit code 3`. */
export function describeExit(exit: ProgramExit): string {
  switch (exit.kind) {
    case 'exited':
      return `ended with exit code ${exit.code}`
    case 'signalled':
      return `was ended by ${exit.signal}`
    case 'timedOut':
      return `took longer than ${exit.limitMs / 1000} s`
    case 'printedTooMuch':
      return `printed more than ${exit.maxOctets} octets`
    case 'aborted':
      return 'was not waited for'
    case 'notStarted':
      return `could not be started: ${exit.reason}`
  }
}

export function isSuccess(exit: ProgramExit): boolean {
  return exit.kind === 'exited' && exit.code === 0
}

/** As critAppLastExitCode has it: -1 where there is none. */
export function exitCodeOf(exit: ProgramExit): number {
  return exit.kind === 'exited' ? exit.code : -1
}

/** 0 when no signal ended it. */
export function signalNumberOf(exit: ProgramExit): number {
  return exit.kind === 'signalled' ? (constants.signals[exit.signal] ?? 0) : 0
}
