/** Whether a program can be run, as execvp(3) would find it. */
import { accessSync, constants, statSync } from 'node:fs'
import { join, sep } from 'node:path'
import { codeOf } from '../errors.ts'
import { programRoot } from '../program-root.ts'
import { parseCommand } from '../text/command.ts'
import { pathMistake } from '../trust/own-path.ts'
import { programPath } from './environment.ts'

export interface NoProgram {
  readonly reason: 'missing' | 'notExecutable'
  readonly sentence: string
}

/** Undefined when it can be run; `path` is the list of folders, parted by colons, for names without a slash. */
export function whyNoProgram(program: string, path: string): NoProgram | undefined {
  const found = findProgram(program, path)
  return typeof found === 'string' ? undefined : found
}

/** The path of the file that would be run. */
function findProgram(program: string, path: string): string | NoProgram {
  const candidates = program.includes('/') ? [program] : path.split(':').map((folder) => join(folder, program))
  let refused: NoProgram | undefined
  for (const candidate of candidates) {
    try {
      if (!statSync(candidate).isFile()) continue
      accessSync(candidate, constants.X_OK)
      return candidate
    } catch (error) {
      if (codeOf(error) !== 'EACCES') continue
      refused = { reason: 'notExecutable', sentence: `${candidate} may not be executed; run: chmod +x ${candidate}` }
    }
  }
  return refused ?? { reason: 'missing', sentence: `there is no program ${program}` }
}

/** Where programs of commands without a slash are looked for: as this process would. */
const ownPath = programPath(process.env.PATH)

/**
 * What is wrong with a command: it is none (`error`), or its program cannot be run now, or could be changed by others than root
 * and the user that would run it, who is this process' (`warning`).
 */
export function commandMistake(
  command: string,
): { readonly severity: 'error' | 'warning'; readonly message: string } | undefined {
  const parsed = parseCommand(command)
  if ('error' in parsed) return { severity: 'error', message: parsed.error }
  const mistake = programMistake(parsed.argv[0], ownPath)
  return mistake && { severity: 'warning', message: mistake.sentence }
}

/** Why a program cannot be run now, or who else could change it. */
export function programMistake(
  program: string,
  path: string,
): { readonly reason: NoProgram['reason'] | 'untrusted'; readonly sentence: string } | undefined {
  const found = findProgram(program, path)
  if (typeof found !== 'string') return found
  const sentence = whyNotTrusted(found)
  return sentence === undefined ? undefined : { reason: 'untrusted', sentence }
}

/** Of our own programs castellan check says it once for all (lib/home/home-trust.ts). */
function whyNotTrusted(program: string): string | undefined {
  if (!program.startsWith('/') || program.startsWith(join(programRoot, sep))) return undefined
  return pathMistake(program, { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 })?.sentence
}
