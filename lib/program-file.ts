/** Whether a program can be run, as execvp(3) would find it. */
import { accessSync, constants, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseCommand } from './command.ts'
import { codeOf } from './errors.ts'
import { programPath } from './program/environment.ts'

export interface NoProgram {
  readonly reason: 'missing' | 'notExecutable'
  readonly sentence: string
}

/** Undefined when it can be run; `path` is the list of folders, parted by colons, for names without a slash. */
export function whyNoProgram(program: string, path: string): NoProgram | undefined {
  const candidates = program.includes('/') ? [program] : path.split(':').map((folder) => join(folder, program))
  let refused: NoProgram | undefined
  for (const candidate of candidates) {
    try {
      if (!statSync(candidate).isFile()) continue
      accessSync(candidate, constants.X_OK)
      return undefined
    } catch (error) {
      if (codeOf(error) !== 'EACCES') continue
      refused = { reason: 'notExecutable', sentence: `${candidate} may not be executed; run: chmod +x ${candidate}` }
    }
  }
  return refused ?? { reason: 'missing', sentence: `there is no program ${program}` }
}

/** Where programs of commands without a slash are looked for: as this process would. */
const ownPath = programPath(process.env.PATH)

/** What is wrong with a command: it is none (`error`), or its program cannot be run now (`warning`). */
export function commandMistake(
  command: string,
): { readonly severity: 'error' | 'warning'; readonly message: string } | undefined {
  const parsed = parseCommand(command)
  if ('error' in parsed) return { severity: 'error', message: parsed.error }
  const missing = whyNoProgram(parsed.argv[0], ownPath)
  return missing && { severity: 'warning', message: missing.sentence }
}
