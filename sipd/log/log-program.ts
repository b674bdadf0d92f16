/** The program of a log that is a pipe: which file it is, and where programs without a path are looked for. */
import { delimiter, isAbsolute, join } from 'node:path'
import { isNothingAt } from '../../lib/files/files.ts'
import type { Home } from '../../lib/home/home.ts'
import { defaultPath, programPath } from '../../lib/program/environment.ts'
import { programRoot } from '../../lib/program-root.ts'
import { type ParsedCommand, parseCommand } from '../../lib/text/command.ts'

/** The appliance's own programs, rotatelogs among them, need no path. */
export function logProgramPath(): string {
  return programPath(`${join(programRoot, 'bin')}${delimiter}${process.env.PATH || defaultPath}`)
}

/** `bin/rotatelogs` is the home's where it has one, and else ours; it works in the home, as all paths of sipd.conf are below it. */
export function logCommand(command: string, home: Home): ParsedCommand {
  // Apache's || is a pipe without a shell as well; |$ is the one with.
  const parsed = parseCommand(command.replace(/^\|/, ''))
  if ('error' in parsed) return parsed
  const [program, ...args] = parsed.argv
  if (!program.includes('/') || isAbsolute(program)) return parsed
  const ofHome = join(home.root, program)
  return { argv: [isNothingAt(ofHome) ? join(programRoot, program) : ofHome, ...args] }
}
