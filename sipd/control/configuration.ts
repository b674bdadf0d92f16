/** `sip check` and `sip config`: what the configuration itself says of itself, printed. */
import type { Command } from '../../lib/cli/command.ts'
import { CommandFailure, exitCodes } from '../../lib/cli/exit-codes.ts'
import { json } from '../../lib/cli/options.ts'
import { print, printJson } from '../../lib/cli/print.ts'
import { ConfigurationError } from '../../lib/cnf/complaint.ts'
import type { Home } from '../../lib/home/home.ts'
import { sipCommand } from './command.ts'

/** What these commands need of the configuration; who puts the commands together gives it. */
export interface ConfigurationView {
  /** All complaints and warnings about the files of a home and what they ask of the machine, and the verdict. */
  check(home: Home): Promise<{ readonly text: string; readonly json: unknown; readonly isGood: boolean }>
  /** What is in force, and where it was set. Throws a ConfigurationError when the files are broken. */
  inForce(home: Home): { readonly text: string; readonly json: unknown }
}

export function configurationCommands(view: ConfigurationView): readonly Command[] {
  return [checkCommand(view), configCommand(view)]
}

function checkCommand(view: ConfigurationView) {
  return sipCommand({
    name: 'check',
    summary:
      'say all that a start would refuse: in sipd.conf with lines, logs, certificates, users, addresses and ports',
    example: 'sip check --json',
    exitCodes: { 0: 'nothing is wrong', 1: 'sipd would not start' },
    options: { json },
    async run({ home, options }) {
      const { text, json, isGood } = await view.check(home)
      if (options.json) printJson(json)
      else print(text)
      return isGood ? exitCodes.ok : exitCodes.error
    },
  })
}

function configCommand(view: ConfigurationView) {
  return sipCommand({
    name: 'config',
    summary: 'show every directive in force, and where it was set',
    example: 'sip config',
    exitCodes: { 1: 'sipd.conf is broken' },
    options: { json },
    async run({ home, options }) {
      try {
        const { text, json } = view.inForce(home)
        if (options.json) printJson(json)
        else print(text)
        return exitCodes.ok
      } catch (error) {
        // Each line of it names its place.
        if (error instanceof ConfigurationError) throw new CommandFailure(error.message)
        throw error
      }
    },
  })
}
