/** castellan targets: whom the agent notifies, and how that goes. */
import { green, grey, red, usesColour, yellow } from '../lib/cli/colour.ts'
import { defineCommand } from '../lib/cli/command.ts'
import { exitCodes } from '../lib/cli/exit-codes.ts'
import { json } from '../lib/cli/options.ts'
import { show } from '../lib/cli/print.ts'
import { type Cell, formatTable } from '../lib/cli/table.ts'
import { readTargets, type Target, type TargetState, targetsObject } from '../views/targets.ts'
import { type Need, withManager } from './agent/ask-agent.ts'

const need: Need = {
  access: 'read',
  oid: targetsObject,
  otherwise: 'use getmany -v3 -u USER with castellanTargetTable',
}

export const targetsCommand = defineCommand({
  name: 'targets',
  summary: 'whom the agent notifies, and what became of it; what needs attention first',
  example: 'castellan targets --json',
  options: { json },
  async run({ home, options }) {
    const found = await withManager(home, need, readTargets)
    show(found, options.json, () => formatTargets(found, usesColour()))
    return exitCodes.ok
  },
})

const colours: Readonly<Record<TargetState, number>> = {
  failing: red,
  pending: yellow,
  sent: green,
  idle: grey,
  off: grey,
}

/** `width` is that of the terminal unless a test says otherwise. */
export function formatTargets(targets: readonly Target[], isColoured: boolean, width?: number): string {
  if (targets.length === 0) return 'nobody is notified; snmpTargetAddrEntry of snmpd.cnf names targets\n'
  const rows = targets.map(({ name, address, state, sent, acknowledged, pending, lost, lastError }): Cell[] => [
    { text: name },
    { text: address ?? '' },
    { text: state, colour: colours[state] },
    { text: `${sent} sent, ${acknowledged} acknowledged, ${pending} pending, ${lost} lost` },
    { text: lastError },
  ])
  return formatTable(rows, { isColoured, ...(width === undefined ? {} : { width }) })
}
