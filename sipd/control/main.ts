/** `sip`: starts, stops, restarts and asks sipd, for people and for critapp. */
import { parseArgs } from 'node:util'
import { messageOf, messageWithCausesOf } from '../../lib/errors.ts'
import { HomeError, requireHome, resolveHome } from '../../lib/home/home.ts'
import { requireOwner } from '../../lib/home/home-trust.ts'
import { programVersion } from '../../lib/version.ts'
import { inspectConfig, readConfig } from '../config/read.ts'
import { configToJson, formatCheck, formatConfig } from '../config/show.ts'
import { type Command, CommandFailure, exitCodes, type OptionName } from './command.ts'
import { sipCommands } from './commands.ts'
import type { ConfigurationView } from './configuration.ts'

/** Commands that believe what files of the home say of processes and programs. */
const actsOnProcesses = ['start', 'stop', 'restart', 'graceful', 'txngraceful-restart']

const configurationView: ConfigurationView = {
  check: (home) => {
    const inspection = inspectConfig(home)
    const { complaints, warnings } = inspection
    return { ...formatCheck(inspection), json: { complaints, warnings } }
  },
  inForce: (home) => {
    const configuration = readConfig(home)
    return { text: formatConfig(configuration), json: configToJson(configuration) }
  },
}

/** Gives the exit code: 0 ok, 1 the answer is an error, 2 wrong usage, 3 no answer in time, 4 refused. */
export async function main(args: readonly string[], commands = sipCommands(configurationView)): Promise<number> {
  try {
    return await run(args, commands)
  } catch (error) {
    if (error instanceof CommandFailure) {
      process.stderr.write(`${error.message}\n`)
      if (error.exitCode === exitCodes.usage) process.stderr.write(usage(commands))
      return error.exitCode
    }
    process.stderr.write(`sip: ${messageWithCausesOf(error)}\n`)
    return error instanceof HomeError ? error.exitCode : exitCodes.error
  }
}

async function run(args: readonly string[], commands: readonly Command[]): Promise<number> {
  const { values, positionals } = parse(args)
  if (values.help) {
    process.stdout.write(usage(commands))
    return exitCodes.ok
  }
  if (values.version) {
    process.stdout.write(`sip ${programVersion()}\n`)
    return exitCodes.ok
  }
  const [name, ...operands] = positionals
  const command = commands.find((candidate) => candidate.name === name)
  if (!command) throw wrongUsage(name === undefined ? 'which command?' : `there is no command ${name}`)
  const { operandCount, optionalOperands = 0 } = command
  if (operands.length < operandCount || operands.length > operandCount + optionalOperands)
    throw wrongUsage(`it is: sip ${command.name} ${command.synopsis}`.trimEnd())
  const { home: folder, help, version, ...rest } = values
  const { json = false, tcp = false, tls = false, wait = false, uri, ca, fingerprint, timeout } = rest
  const stray = (Object.keys(rest) as OptionName[]).find((option) => !command.options.includes(option))
  if (stray) throw wrongUsage(`--${stray} means nothing to ${command.name}`)
  const home = resolveHome(folder)
  if (!command.needsNoHome) requireHome(home)
  if (actsOnProcesses.includes(command.name)) requireOwner(home, `sip ${[command.name, ...operands].join(' ')}`)
  return command.run({ home, operands, options: { json, tcp, tls, wait, uri, ca, fingerprint, timeout } })
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        home: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
        json: { type: 'boolean' },
        tcp: { type: 'boolean' },
        tls: { type: 'boolean' },
        wait: { type: 'boolean' },
        uri: { type: 'string' },
        ca: { type: 'string' },
        fingerprint: { type: 'string' },
        timeout: { type: 'string' },
      },
    })
  } catch (error) {
    throw wrongUsage(messageOf(error))
  }
}

function wrongUsage(message: string): CommandFailure {
  return new CommandFailure(`sip: ${message}`, exitCodes.usage)
}

function usage(commands: readonly Command[]): string {
  const lines = commands.map(({ name, synopsis, help }) => `  ${`${name} ${synopsis}`.trimEnd()}\n      ${help}\n`)
  return `usage: sip COMMAND [--home DIR] [--help] [--version]

${lines.join('')}
  --home DIR   the appliance (CASTELLAN_HOME, or var/ beside the program)

  Exit code: 0 ok, 1 the answer is an error, 2 wrong usage, 3 no answer in time, 4 refused.
`
}
