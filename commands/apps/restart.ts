/** castellan apps restart: stops applications and starts them again, over SNMP. */

import { defineCommand } from '../../lib/cli/command.ts'
import { CommandFailure, exitCodes } from '../../lib/cli/exit-codes.ts'
import { print } from '../../lib/cli/print.ts'
import type { Home } from '../../lib/home/home.ts'
import { readerOf } from '../../lib/home/layout.ts'
import { printable } from '../../lib/text/escape.ts'
import { commandClock } from '../../lib/time/clock.ts'
import { pause } from '../../lib/time/pause.ts'
import { readApplications } from '../../views/applications.ts'
import { withManager } from '../agent/ask-agent.ts'
import { askSipd } from '../check/daemons.ts'
import { formatReport } from '../check/finding.ts'
import { need } from './need.ts'
import { order } from './set.ts'

/** How long a stop may take, beyond critAppStopTimeout's own highest value. */
const stopWithinMs = 3_660_000
const lookEveryMs = 250

export const appsRestart = defineCommand({
  name: 'restart',
  operands: '<name...>',
  summary: 'stop one and start it again, over SNMP',
  details:
    'All of them are stopped before the first is started, so that their orders hold. None is stopped where sipd is one of them and would not start again.',
  example: 'castellan apps restart sipd',
  exitCodes: {
    1: 'there is no such application, it does not stop, or sipd would not start again and goes on',
    4: 'the agent does not let this community',
  },
  options: {},
  async run({ home, operands }) {
    if (operands.includes('sipd')) await needStartOfSipd(home)
    await order(home, operands, 'stop')
    const deadlineMs = performance.now() + stopWithinMs
    while (!(await areStopped(home, operands))) {
      if (performance.now() > deadlineMs)
        throw new Error(`${operands.join(', ')}: not stopped yet; start with: castellan apps start`)
      await pause(commandClock, lookEveryMs)
    }
    await order(home, operands, 'start')
    for (const name of operands) print(`${printable(name)}: stopped, and start was asked for\n`)
    return exitCodes.ok
  },
})

/** What the next start would refuse is said while sipd still serves. Who may not read its files has to do without. */
async function needStartOfSipd(home: Home): Promise<void> {
  if (![0, readerOf(home, 'sipd').uid].includes(process.geteuid?.() ?? 0)) return
  const findings = (await askSipd(home)).filter(({ severity }) => severity === 'error')
  if (findings.length === 0) return
  throw new CommandFailure(`${formatReport({ isGood: false, findings })}sipd goes on: a start would be refused`)
}

async function areStopped(home: Home, names: readonly string[]): Promise<boolean> {
  const apps = await withManager(home, need, readApplications)
  return apps.every(({ name, state }) => !names.includes(name) || state === 'stopped')
}
