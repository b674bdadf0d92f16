/**
 * The one way to start a program: an argument list and never a shell, a clean environment, a session of its own. Nothing
 * else in agent/, lib/, subagents/, sipd/ and commands/ uses node:child_process; a test sees to it.
 */

import { type IOType, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { errorOf, isMissing } from '../errors.ts'
import { programRoot } from '../program-root.ts'
import type { Owner } from '../users/owner.ts'
import { cleanEnvironment, type Environment } from './environment.ts'
import { describeErrno } from './errno.ts'
import { Program } from './program.ts'

export type Argv = readonly [string, ...string[]]

export interface StartOptions {
  readonly argv: Argv
  /** The root by default: a program must not keep a file system busy because we were in it. */
  readonly folder?: string
  /** Variables besides those of every program (environment.ts). */
  readonly variables?: Environment
  /** In place of that environment, for a program that gets nothing of ours. */
  readonly environment?: Environment
  /** `ours`: it gets what is typed at our terminal, and Ctrl-C too. */
  readonly session?: 'own' | 'ours'
  /** Whom it runs as, with no further groups; only root may say. */
  readonly asUser?: Owner | undefined
  /** From 0 to 19, as nice(1) has it. */
  readonly niceness?: number
  readonly input?: 'none' | 'pipe' | 'inherit'
  /** A number is an open descriptor; `errors` go where the output goes unless they have a place of their own. */
  readonly output?: Sink
  readonly errors?: Sink
  /** Gives the program a descriptor 3 that we read. */
  readonly hasReports?: boolean
}

export type Sink = 'none' | 'pipe' | 'inherit' | number

/** Never throws: what cannot be started has no `pid`, and `exited` says why. */
export function startProgram(options: StartOptions): Program {
  const { folder = '/', session = 'own', input = 'none', output = 'none', hasReports = false } = options
  const { errors = output, environment = cleanEnvironment(options.variables), asUser } = options
  const [program, ...args] = fullArgv(options)
  const stdio: (IOType | number)[] = [input, output, errors].map((sink) => (sink === 'none' ? 'ignore' : sink))
  if (hasReports) stdio.push('pipe')
  const leads = session === 'own'
  const traits = { leads, reasonOf: (error: Error) => describeFailure(error, program, folder) }
  try {
    return new Program(
      spawn(program, args, { cwd: folder, env: environment, detached: leads, stdio, ...asUser }),
      traits,
    )
  } catch (error) {
    return new Program(errorOf(error), traits)
  }
}

/** With nice(1) before it, where that is asked for. */
function fullArgv({ argv, niceness = 0 }: StartOptions): Argv {
  const launchable = launchableArgv(argv)
  return niceness === 0 ? launchable : ['nice', '-n', String(niceness), ...launchable]
}

/** Our own launchers run with the node that we run with. */
export function launchableArgv(argv: Argv): Argv {
  return isOwnLauncher(argv[0]) ? [process.execPath, ...argv] : argv
}

const launchers = join(programRoot, 'bin')

/** Another node may come first in PATH, and be too old for it. */
function isOwnLauncher(program: string): boolean {
  return dirname(program) === launchers && /^#!.*\bnode\b/.test(firstLine(program))
}

function firstLine(path: string): string {
  try {
    return readFileSync(path, 'utf8').split('\n', 1)[0] ?? ''
  } catch {
    return ''
  }
}

/** ENOENT is said of the program, of what its first line names, and of the folder to work in. */
function describeFailure(error: Error, program: string, folder: string): string {
  if (isMissing(error)) {
    if (!existsSync(folder)) return `the working folder ${folder} does not exist`
    if (program.includes('/') && existsSync(program)) {
      const [, interpreter] = /^#!\s*(\S+)/.exec(firstLine(program)) ?? []
      return `what should run it does not exist: ${interpreter ?? 'its loader'}`
    }
  }
  return describeErrno(error)
}
