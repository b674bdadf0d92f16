/** csps_ciagent_ctl: CIAgent's script for starting and stopping the agents. sipd goes on meanwhile. */
import { defineCommand } from '../lib/cli/command.ts'
import { type ExitCode, exitCodes } from '../lib/cli/exit-codes.ts'
import { json } from '../lib/cli/options.ts'
import { show } from '../lib/cli/print.ts'
import { type Program, runProgram } from '../lib/cli/program.ts'
import { type Home, requireHome } from '../lib/home/home.ts'
import { start } from './start/start.ts'
import { formatDaemons, statusOf } from './status.ts'
import { stopAll } from './stop.ts'

const startCommand = defineCommand({
  name: 'start',
  summary: 'start the master agent and the subagents in the background',
  example: 'csps_ciagent_ctl start',
  options: {},
  run: ({ home }) => startAgents(home),
})

const stopCommand = defineCommand({
  name: 'stop',
  summary: 'stop them; sipd goes on',
  example: 'csps_ciagent_ctl stop',
  options: {},
  async run({ home }) {
    await stopAgents(home)
    return exitCodes.ok
  },
})

const restartCommand = defineCommand({
  name: 'restart',
  summary: 'stop them and start them again; sipd goes on',
  example: 'csps_ciagent_ctl restart',
  options: {},
  async run({ home }) {
    await stopAgents(home)
    return startAgents(home)
  },
})

const statusCommand = defineCommand({
  name: 'status',
  summary: 'say whether they run',
  example: 'csps_ciagent_ctl status',
  exitCodes: { 0: 'both run', 1: 'one of them does not run' },
  options: { json },
  async run({ home, options }) {
    const agents = statusOf(home).filter(({ name }) => name === 'agent' || name === 'subagents')
    show(agents, options.json, () => formatDaemons(agents))
    return agents.every(({ running }) => running) ? exitCodes.ok : exitCodes.error
  },
})

export const cspsCiagentCtlProgram: Program = {
  name: 'csps_ciagent_ctl',
  summary: 'Starts and stops the master agent and the subagents; sipd goes on.',
  commands: [startCommand, stopCommand, restartCommand, statusCommand],
}

export function cspsCiagentCtl(args: readonly string[]): Promise<ExitCode> {
  return runProgram(cspsCiagentCtlProgram, args)
}

function startAgents(home: Home): Promise<ExitCode> {
  requireHome(home)
  return start(home, { detach: true, background: false })
}

async function stopAgents(home: Home): Promise<void> {
  requireHome(home)
  await stopAll(home, 'keep sipd')
}
