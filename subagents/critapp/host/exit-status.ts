/** How a process ended that was not our child: only its parent is told, so this says what can be known, and no more. */
import { constants } from 'node:os'
import { readOwnedFile } from '../../../lib/files/pid-file.ts'
import { type ProcessIdentity, waitStatusOf } from '../../../lib/proc/process.ts'
import { describeExit, exitCodeOf, type ProgramExit, signalNumberOf } from '../../../lib/program/exit.ts'
import type { UnitState } from './unit.ts'

export interface ExitStatus {
  /** As critAppLastExitCode and critAppLastExitSignal have them: -1 and 0 where nobody knows. */
  readonly code: number
  readonly signal: number
  /** Follows the process's name. */
  readonly how: string
  /** Somebody on this machine had systemd stop it. */
  readonly isOrdered?: boolean
  /** It did not end in order, though code and signal do not say so. */
  readonly isCrash?: boolean
}

export interface Evidence {
  readonly identity: ProcessIdentity
  /** Its PID file, if it had one while it ran. */
  readonly pidFile: string | undefined
}

/**
 * A process that nobody has waited for yet is still there with its exit status. A daemon that ends in order takes its
 * PID file away; one that is killed or crashes cannot.
 */
export function exitStatusOf({ identity, pidFile }: Evidence): ExitStatus {
  const status = readWaitStatus(identity)
  if (status !== undefined) return status
  const isLeft = pidFile === undefined ? undefined : namesIt(pidFile, identity)
  if (isLeft === undefined) return unknown('ended; it was not our child, so how is not known')
  return isLeft
    ? {
        ...unknown(
          'was killed or crashed: it left its PID file behind (not our child, so by which signal is not known)',
        ),
        isCrash: true,
      }
    : unknown('ended by itself: it took its PID file away (not our child, so its exit code is not known)')
}

/** It was a child. */
export function exitStatusOfProgram(exit: ProgramExit): ExitStatus {
  return { code: exitCodeOf(exit), signal: signalNumberOf(exit), how: describeExit(exit) }
}

/** systemd was its parent, and tells. */
export function exitStatusOfUnit(state: UnitState | undefined, { pid }: ProcessIdentity): ExitStatus {
  if (state?.lastPid !== pid) return unknown('ended; systemd does not say how')
  const { lastCode: code, lastSignal: signal, result, isStopOrdered } = state
  if (isStopOrdered) return { code, signal, how: 'was stopped by systemctl', isOrdered: true }
  const why = result === 'success' || result === 'exit-code' || result === 'signal' ? '' : ` (${result})`
  if (signal > 0) return { code, signal, how: `was ended by ${signalName(signal)}${why}` }
  return code >= 0 ? { code, signal, how: `ended with exit code ${code}${why}` } : unknown(`ended${why}`)
}

function readWaitStatus(identity: ProcessIdentity): ExitStatus | undefined {
  const status = waitStatusOf(identity)
  if (status === undefined) return undefined
  const signal = status & 0x7f
  if (signal > 0) return { code: -1, signal, how: `was ended by ${signalName(signal)}` }
  return { code: status >> 8, signal: 0, how: `ended with exit code ${status >> 8}` }
}

const crashSignals = (['SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGSEGV', 'SIGSYS'] as const).map(
  (name) => constants.signals[name],
)

/** An end that nobody orders. */
export function isFailure({ code, signal, isCrash = false }: ExitStatus): boolean {
  return isCrash || code > 0 || crashSignals.includes(signal)
}

/** Undefined where nobody can tell. */
function namesIt(pidFile: string, { pid }: ProcessIdentity): boolean | undefined {
  try {
    return Number(readOwnedFile(pidFile)?.text.split('\n')[0]) === pid
  } catch {
    return undefined
  }
}

function signalName(number: number): string {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `signal ${number}`
}

function unknown(how: string): ExitStatus {
  return { code: -1, signal: 0, how }
}
