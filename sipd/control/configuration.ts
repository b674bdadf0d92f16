/** `sip check` and `sip config`: what the configuration itself says of itself, printed. */
import { ConfigurationError } from '../../lib/cnf/complaint.ts'
import type { Home } from '../../lib/home/home.ts'
import { jsonText } from '../../lib/text/escape.ts'
import { type Command, CommandFailure, exitCodes } from './command.ts'

/** What these commands need of the configuration; who puts the commands together gives it. */
export interface ConfigurationView {
  /** All complaints and warnings about the files of a home, and the verdict. */
  check(home: Home): { readonly text: string; readonly json: unknown; readonly isGood: boolean }
  /** What is in force, and whence. Throws a ConfigurationError when the files are broken. */
  inForce(home: Home): { readonly text: string; readonly json: unknown }
}

export function configurationCommands(view: ConfigurationView): readonly Command[] {
  const check: Command = {
    name: 'check',
    synopsis: '[--json]',
    help: 'says all that is wrong with sipd.conf, with lines: exit code 0 when nothing is',
    operandCount: 0,
    options: ['json'],
    run: async ({ home, options }) => {
      const { text, json, isGood } = view.check(home)
      process.stdout.write(options.json ? `${jsonText(json)}\n` : text)
      return isGood ? exitCodes.ok : exitCodes.error
    },
  }
  const config: Command = {
    name: 'config',
    synopsis: '[--json]',
    help: 'shows every directive in force, and whence it is',
    operandCount: 0,
    options: ['json'],
    run: async ({ home, options }) => {
      try {
        const { text, json } = view.inForce(home)
        process.stdout.write(options.json ? `${jsonText(json)}\n` : text)
        return exitCodes.ok
      } catch (error) {
        if (error instanceof ConfigurationError) throw new CommandFailure(error.message)
        throw error
      }
    },
  }
  return [check, config]
}
