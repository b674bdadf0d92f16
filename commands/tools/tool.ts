/** What getone, getnext, getmany, getbulk and setany have in common: CIAgent's order of arguments and its kind of output. */
import { defineCommand } from '../../lib/cli/command.ts'
import { type ExitCode, exitCodes, UsageError } from '../../lib/cli/exit-codes.ts'
import { json, parsedOr, secondsAsMs } from '../../lib/cli/options.ts'
import { print, printJson } from '../../lib/cli/print.ts'
import { type Program, runProgram } from '../../lib/cli/program.ts'
import { messageOf } from '../../lib/errors.ts'
import type { Varbind } from '../../lib/smi/value.ts'
import { Manager } from '../../snmp/manager/manager.ts'
import { exitCodeOfTool } from '../agent/exit-codes.ts'
import { securityOptions, takeVersion, type Version, v3Help, v3Security } from './security.ts'
import { parseTarget, resolveTarget } from './target.ts'
import { exitCodeOfAnswer, formatVarbind, varbindJson } from './varbind.ts'

export interface Tool {
  readonly name: string
  readonly summary: string
  /** What follows the community, such as `OBJECT...`. */
  readonly operands: string
  /** The same in an example. */
  readonly example: string
  /** Gives what the agent answered, all at once or as it comes. */
  ask(manager: Manager, operands: readonly string[]): Promise<readonly Varbind[]> | AsyncIterable<Varbind>
}

const targetHelp = `HOST is a name or an address, its PORT 161 where none is given. An IPv6 address with a PORT stands in brackets: [2001:db8::1]:161; udp6:NAME takes the IPv6 address of NAME.`

export function runTool(tool: Tool, args: readonly string[]): Promise<ExitCode> {
  const { version, rest } = takeVersion(args)
  return runProgram(toolProgram(tool, version), rest)
}

export function toolProgram(tool: Tool, version: Version = 'v2c'): Program {
  const { name, summary } = tool
  return { name, summary, commands: commandOf(tool, version), exitCodeOf: exitCodeOfTool }
}

function commandOf(tool: Tool, version: Version) {
  return defineCommand({
    name: tool.name,
    operands: '[word...]',
    usage: `[-v1|-v2c|-v3] [--json] [--timeout SECONDS] HOST[:PORT] COMMUNITY ${tool.operands}`,
    summary: tool.summary,
    details: `${targetHelp}\n\n${v3Help}`,
    example: `${tool.name} localhost:1161 public ${tool.example}`,
    exitCodes: { 1: 'the answer is an error, or has no such object', 4: 'the agent refused: who asks may not' },
    options: {
      ...securityOptions,
      json,
      timeoutMs: parsedOr('--timeout <seconds>', 'for each try of an answer', secondsAsMs, 1000, '1'),
    },
    hasHome: false,
    async run({ operands: [target, ...afterTarget], options }) {
      const community = version === 'v3' ? '' : afterTarget[0]
      const operands = version === 'v3' ? afterTarget : afterTarget.slice(1)
      if (target === undefined || community === undefined || operands.length === 0)
        throw new UsageError('arguments are missing')
      checkTarget(target)
      const security = version === 'v3' ? await v3Security(options) : { version, community }
      const manager = new Manager({ ...(await resolveTarget(target)), security, timeoutMs: options.timeoutMs })
      const show = (varbind: Varbind): void => {
        if (options.json) printJson(varbindJson(varbind))
        else print(`${formatVarbind(varbind)}\n`)
      }
      try {
        return await showAll(tool.ask(manager, operands), show)
      } finally {
        manager.close()
      }
    },
  })
}

/** A walk has no exceptions in it; it ends where they begin. */
async function showAll(answer: ReturnType<Tool['ask']>, show: (varbind: Varbind) => void): Promise<ExitCode> {
  if (Symbol.asyncIterator in answer) {
    for await (const varbind of answer) show(varbind)
    return exitCodes.ok
  }
  const varbinds = await answer
  for (const varbind of varbinds) show(varbind)
  return exitCodeOfAnswer(varbinds)
}

/** What is no target is wrong usage; a name that cannot be resolved is not. */
function checkTarget(text: string): void {
  try {
    parseTarget(text)
  } catch (error) {
    throw new UsageError(messageOf(error))
  }
}
