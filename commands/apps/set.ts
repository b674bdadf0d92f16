/** castellan apps start, stop and graceful: set the applications of these names over SNMP. */
import { defineCommand } from '../../lib/cli/command.ts'
import { exitCodes } from '../../lib/cli/exit-codes.ts'
import { print } from '../../lib/cli/print.ts'
import type { Home } from '../../lib/home/home.ts'
import { printable } from '../../lib/text/escape.ts'
import { type Application, type ApplicationOrder, readApplications, setApplications } from '../../views/applications.ts'
import { withManager } from '../agent/ask-agent.ts'
import { need } from './need.ts'

export const appsStart = orderCommand('start', 'start one, over SNMP')
export const appsStop = orderCommand('stop', 'stop one, over SNMP')
export const appsGraceful = orderCommand('graceful', 'restart one without interrupting its work, over SNMP')

/** Throws when one of the names is none, and nothing is asked then; and what `setApplications` throws. */
export async function order(home: Home, names: readonly string[], what: ApplicationOrder): Promise<void> {
  await withManager(home, need, async (manager) => {
    const known = await readApplications(manager)
    await setApplications(
      manager,
      names.map((name) => named(known, name)),
      what,
    )
  })
}

function orderCommand(name: ApplicationOrder, summary: string) {
  return defineCommand({
    name,
    operands: '<name...>',
    summary,
    details: 'It ends when the agent has taken the order; castellan apps shows what becomes of it.',
    example: `castellan apps ${name} sipd`,
    exitCodes: { 1: 'there is no such application, or it refuses', 4: 'the agent does not let this community' },
    options: {},
    async run({ home, operands }) {
      await order(home, operands, name)
      for (const one of operands) print(`${printable(one)}: ${name} was asked for\n`)
      return exitCodes.ok
    },
  })
}

function named(known: readonly Application[], name: string): Application {
  const found = known.find((one) => one.name === name)
  if (!found) throw new Error(`there is no critical application ${name}; castellan apps lists them`)
  return found
}
