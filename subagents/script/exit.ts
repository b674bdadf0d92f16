/** What smRunExitCode says about an end (RFC 3165), and the sentence that smRunError has for it. */
import { describeExit, type ProgramExit } from '../../lib/program/exit.ts'

export type ExitCode =
  | 'noError'
  | 'halted'
  | 'lifeTimeExceeded'
  | 'noResourcesLeft'
  | 'languageError'
  | 'runtimeError'
  | 'invalidArgument'
  | 'securityViolation'
  | 'genericError'

export interface Exit {
  readonly exitCode: ExitCode
  /** Empty for noError. */
  readonly sentence: string
}

/** EX_USAGE and EX_NOPERM of sysexits.h, and what shells and nice(1) say of a command that cannot be run. */
const byCode: Readonly<Record<number, ExitCode>> = {
  0: 'noError',
  64: 'invalidArgument',
  77: 'securityViolation',
  126: 'languageError',
  127: 'languageError',
}

const bySignal: Readonly<Partial<Record<NodeJS.Signals, ExitCode>>> = {
  SIGABRT: 'runtimeError',
  SIGBUS: 'runtimeError',
  SIGFPE: 'runtimeError',
  SIGILL: 'runtimeError',
  SIGSEGV: 'runtimeError',
  SIGSYS: 'securityViolation',
  SIGXCPU: 'noResourcesLeft',
  SIGXFSZ: 'noResourcesLeft',
}

const byError: Readonly<Record<string, ExitCode>> = {
  E2BIG: 'invalidArgument',
  EACCES: 'securityViolation',
  EPERM: 'securityViolation',
  ENOENT: 'languageError',
  ENOEXEC: 'languageError',
  EAGAIN: 'noResourcesLeft',
  EMFILE: 'noResourcesLeft',
  ENFILE: 'noResourcesLeft',
  ENOMEM: 'noResourcesLeft',
}

/** How it ended; `lastWords` is the last line it said on standard error. */
export function exitOf(exit: ProgramExit, lastWords: string): Exit {
  if (exit.kind === 'notStarted')
    return { exitCode: byError[exit.code ?? ''] ?? 'genericError', sentence: `it ${describeExit(exit)}` }
  const exitCode = exitCodeFor(exit)
  if (exitCode === 'noError') return { exitCode, sentence: '' }
  return { exitCode, sentence: `it ${describeExit(exit)}${lastWords ? `: ${lastWords}` : ''}` }
}

function exitCodeFor(exit: ProgramExit): ExitCode {
  if (exit.kind === 'exited') return byCode[exit.code] ?? 'runtimeError'
  return (exit.kind === 'signalled' && bySignal[exit.signal]) || 'genericError'
}
