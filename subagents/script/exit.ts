/** What smRunExitCode says about an end (RFC 3165), and the sentence that smRunError has for it. */
import { describeEnd, explain } from '../../lib/process-end.ts'

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

/** An end by itself; `lastWords` is the last line it said on standard error. */
export function exitOf(code: number | null, signal: NodeJS.Signals | null, lastWords: string): Exit {
  const exitCode = signal ? (bySignal[signal] ?? 'genericError') : (byCode[code ?? -1] ?? 'runtimeError')
  if (exitCode === 'noError') return { exitCode, sentence: '' }
  return { exitCode, sentence: `it ${describeEnd(code, signal)}${lastWords ? `: ${lastWords}` : ''}` }
}

/** It could not even be started. */
export function exitOfError(error: Error): Exit {
  const exitCode = byError[(error as NodeJS.ErrnoException).code ?? ''] ?? 'genericError'
  return { exitCode, sentence: `it could not be started: ${explain(error)}` }
}
