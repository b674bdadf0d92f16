/** What a script runs: a program with its arguments, or a command that its row gives to a shell; and with which environment. */
import { dirname } from 'node:path'
import type { Home } from '../../lib/home/home.ts'
import { defaultPath } from '../../lib/program/environment.ts'
import { whyNoProgram } from '../../lib/program/program-file.ts'
import type { Argv } from '../../lib/program/start.ts'
import { parseCommand } from '../../lib/text/command.ts'

/** The languages of smLangTable, by smLangIndex. */
export const languages = { program: 1, shell: 2 } as const

/** A script as its row has it. */
export interface Program {
  readonly name: string
  readonly command: string
  /** smScriptLanguage */
  readonly language: number
  /** From 0 to 19, as nice(1) has it. */
  readonly niceness: number
  /** Octets that it may print before it is stopped. */
  readonly maxOutputOctets: number
  /** Processes that it may have at a time before it is stopped. */
  readonly maxProcesses: number
}

/** Why a script cannot be enabled, as smScriptOperStatus and smScriptError. */
export interface Unfit {
  readonly status: 'noSuchScript' | 'accessDenied' | 'wrongLanguage' | 'compilationFailed'
  readonly sentence: string
}

/** Our own programs want node, wherever that is; else what any Unix has, and nothing that we were started with. */
const path = `${dirname(process.execPath)}:${defaultPath}`
const shell = '/bin/sh'

export function scriptEnvironment(home: Home): Record<string, string> {
  return { PATH: path, HOME: '/', SHELL: shell, LANG: 'C.UTF-8', CASTELLAN_HOME: home.root }
}

/** The whole argument list of a run; `words` are the launch's arguments, and stay what they are in either language. */
export function argvOf(program: Program, words: readonly string[]): { readonly argv: Argv } | Unfit {
  const own = ownArgv(program)
  if ('status' in own) return own
  const unfit = whyNoProgram(own.argv[0], path)
  if (unfit) return { status: unfit.reason === 'missing' ? 'noSuchScript' : 'accessDenied', sentence: unfit.sentence }
  return { argv: [...own.argv, ...words] }
}

function ownArgv({ name, command, language }: Program): { readonly argv: Argv } | Unfit {
  if (command === '') {
    const sentence = 'scripts.cnf names no command for this script; code that comes over SNMP is never run'
    return { status: 'noSuchScript', sentence }
  }
  if (language === languages.shell) {
    if (command.includes('\0')) return { status: 'compilationFailed', sentence: 'scriptCommand has a NUL' }
    // What stands behind the command is $0, $1, ... of the shell: values, which it does not read as code.
    return { argv: [shell, '-c', command, name] }
  }
  if (language !== languages.program) {
    return { status: 'wrongLanguage', sentence: `smScriptLanguage ${language} is in no row of smLangTable` }
  }
  const parsed = parseCommand(command)
  return 'error' in parsed ? { status: 'compilationFailed', sentence: `scriptCommand: ${parsed.error}` } : parsed
}
