/** ciagent: CIAgent's name for starting and stopping the agents. sipd goes on meanwhile. */
import { defineCommand } from '../lib/cli/command.ts'
import { type ExitCode, exitCodes, UsageError } from '../lib/cli/exit-codes.ts'
import { flag } from '../lib/cli/options.ts'
import { type Program, runProgram } from '../lib/cli/program.ts'
import { requireHome } from '../lib/home/home.ts'
import { start } from './start/start.ts'
import { stopAll } from './stop.ts'

const command = defineCommand({
  name: 'ciagent',
  usage: '-fullstart|-fullstop [--home DIR]',
  summary: 'start or stop the master agent and the subagents; sipd goes on',
  example: 'ciagent -fullstart',
  options: {
    fullstart: flag('--fullstart', 'start them in the background; -fullstart is the same'),
    fullstop: flag('--fullstop', 'stop them; -fullstop is the same'),
  },
  async run({ home, options }) {
    if (options.fullstart === options.fullstop) throw new UsageError('expected -fullstart or -fullstop')
    requireHome(home)
    if (options.fullstart) return start(home, { detach: true, background: false })
    await stopAll(home, 'keep sipd')
    return exitCodes.ok
  },
})

export const ciagentProgram: Program = { name: 'ciagent', summary: command.summary, commands: command }

/** CIAgent's options are words behind one dash. */
export function ciagent(args: readonly string[]): Promise<ExitCode> {
  return runProgram(
    ciagentProgram,
    args.map((word) => (word === '-fullstart' || word === '-fullstop' ? `-${word}` : word)),
  )
}
