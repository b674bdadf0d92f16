/** `sip`: starts, stops, restarts and asks sipd, for people and for critapp. */
import type { ExitCode } from '../../lib/cli/exit-codes.ts'
import { type Program, runProgram } from '../../lib/cli/program.ts'
import { readConfig } from '../config/read.ts'
import { configToJson, formatCheck, formatConfig } from '../config/show.ts'
import { sipCommands } from './commands.ts'
import type { ConfigurationView } from './configuration.ts'
import { inspectStart } from './obstacles.ts'

const configurationView: ConfigurationView = {
  check: async (home) => {
    const inspection = await inspectStart(home)
    const { complaints, warnings } = inspection
    return { ...formatCheck(inspection), json: { complaints, warnings } }
  },
  inForce: (home) => {
    const configuration = readConfig(home)
    return { text: formatConfig(configuration), json: configToJson(configuration) }
  },
}

export const sipProgram: Program = {
  name: 'sip',
  summary: 'Starts, stops, restarts and asks sipd.',
  commands: sipCommands(configurationView),
  takesHomeFirst: true,
}

export function main(args: readonly string[]): Promise<ExitCode> {
  return runProgram(sipProgram, args)
}
