/** castellan apps list: the critical applications as people see them. */
import { green, grey, red, usesColour, yellow } from '../../lib/cli/colour.ts'
import { defineCommand } from '../../lib/cli/command.ts'
import { exitCodes } from '../../lib/cli/exit-codes.ts'
import { json } from '../../lib/cli/options.ts'
import { show } from '../../lib/cli/print.ts'
import { type Cell, formatTable } from '../../lib/cli/table.ts'
import { type Application, readApplications } from '../../views/applications.ts'
import { withManager } from '../agent/ask-agent.ts'
import { need } from './need.ts'

export const appsList = defineCommand({
  name: 'list',
  summary: 'wanted and actual state of each application',
  example: 'castellan apps list',
  options: { json },
  async run({ home, options }) {
    const found = await withManager(home, need, readApplications)
    show(found, options.json, () => formatApps(found, usesColour()))
    return exitCodes.ok
  },
})

/** `width` is that of the terminal unless a test says otherwise. */
export function formatApps(apps: readonly Application[], isColoured: boolean, width?: number): string {
  if (apps.length === 0) return 'there are no critical applications\n'
  const rows = apps.map((app): Cell[] => {
    const { name, wanted, status, state, health, pid, upTimeSeconds, restarts, exits, lastError } = app
    const colour = health === 'failing' ? yellow : status === 'up' ? green : wanted === 'up' ? red : grey
    const since = status === 'up' ? `PID ${pid}, ${formatDuration(upTimeSeconds)}` : `wanted ${wanted}`
    const counts = `${restarts} restarts, ${exits} ends${health === undefined ? '' : `, health ${health}`}`
    return [{ text: name }, { text: state, colour }, { text: since }, { text: counts }, { text: lastError }]
  })
  return formatTable(rows, { isColoured, ...(width === undefined ? {} : { width }) })
}

function formatDuration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}
