/** castellan logs list: the log files that are followed, what was found in them and what is wrong with them. */
import { green, grey, red, usesColour, yellow } from '../../lib/cli/colour.ts'
import { defineCommand } from '../../lib/cli/command.ts'
import { exitCodes } from '../../lib/cli/exit-codes.ts'
import { json } from '../../lib/cli/options.ts'
import { show } from '../../lib/cli/print.ts'
import { type Cell, formatTable } from '../../lib/cli/table.ts'
import { type FollowedLog, type LogAttention, logsObject, readLogs } from '../../views/logs.ts'
import { type Need, withManager } from '../agent/ask-agent.ts'

const need: Need = {
  access: 'read',
  oid: logsObject,
  otherwise: 'use getmany -v3 -u USER with siLogTable',
}

export const logsList = defineCommand({
  name: 'list',
  summary: 'the log files that are followed: size, matches, and what is wrong; what needs attention first',
  example: 'castellan logs list --json',
  options: { json },
  async run({ home, options }) {
    const found = await withManager(home, need, readLogs)
    show(found, options.json, () => formatLogs(found, usesColour()))
    return exitCodes.ok
  },
})

const colours: Readonly<Record<LogAttention, number>> = { failed: red, large: yellow, followed: green, off: grey }

/** `width` is that of the terminal unless a test says otherwise. */
export function formatLogs(logs: readonly FollowedLog[], isColoured: boolean, width?: number): string {
  if (logs.length === 0) return 'no log is followed; logagt.cnf has room for them\n'
  const rows = logs.map((log): Cell[] => [
    { text: log.description || log.file },
    { text: stateText(log), colour: colours[log.attention] },
    { text: `${log.sizeOctets} octets`, align: 'right' },
    { text: log.pattern === '' ? '' : `${log.matches} matches` },
    { text: log.lastError },
  ])
  return formatTable(rows, { isColoured, ...(width === undefined ? {} : { width }) })
}

function stateText({ attention, state, maxSizeOctets }: FollowedLog): string {
  if (attention === 'failed') return state ?? 'not looked at yet'
  return attention === 'large' ? `above ${maxSizeOctets} octets` : attention
}
