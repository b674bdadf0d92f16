/** castellan incidents: what broke, since when, and who looks after it. */
import { type Incident, Incidents } from '../../console/alerts/incident.ts'
import { green, red, usesColour, yellow } from '../../lib/cli/colour.ts'
import { defineCommand, type Group } from '../../lib/cli/command.ts'
import { exitCodes, UsageError } from '../../lib/cli/exit-codes.ts'
import { json, parsedOr, spanAsMs, text } from '../../lib/cli/options.ts'
import { print, show } from '../../lib/cli/print.ts'
import { type Cell, formatTable } from '../../lib/cli/table.ts'
import { withHistory } from '../history/open.ts'
import { orderConsole } from './order.ts'

const list = defineCommand({
  name: 'list',
  summary: 'those that are open, and those of the last day',
  example: 'castellan incidents list --since 7d',
  exitCodes: { 1: 'the console never ran' },
  options: {
    since: parsedOr('--since <span>', 'of those that are over, how far back', spanAsMs, 86_400_000, '1d'),
    json,
  },
  async run({ home, options }) {
    const sinceMs = Date.now() - options.since
    const found = await withHistory(home, (database) => new Incidents(database).openOrSince(sinceMs))
    show(found, options.json, () => formatIncidents(found, usesColour()))
    return exitCodes.ok
  },
})

const acknowledge = defineCommand({
  name: 'ack',
  operands: '<number>',
  summary: 'say that you look after it: no reminder and no escalation comes any more',
  example: 'castellan incidents ack 17 --note "disk ordered"',
  exitCodes: { 1: 'there is no incident of this number, or the console does not run' },
  options: { note: text('--note <text>', 'what was done, kept with the incident') },
  async run({ home, operands: [number = ''], options }) {
    if (!/^\d{1,9}$/.test(number)) throw new UsageError(`expected the number of an incident, got ${number}`)
    const words = ['acknowledge', number, ...(options.note === undefined ? [] : [options.note])]
    print(`${await orderConsole(home, `castellan incidents ack ${number}`, words)}\n`)
    return exitCodes.ok
  },
})

export const incidentsGroup: Group = {
  name: 'incidents',
  summary: 'what broke, since when, and who looks after it',
  commands: [list, acknowledge],
  usual: list,
}

export function formatIncidents(incidents: readonly Incident[], isColoured: boolean): string {
  if (incidents.length === 0) return 'nothing is wrong, and nothing was within this span\n'
  const rows = incidents.map((one): Cell[] => [
    { text: String(one.id), align: 'right' },
    stateOf(one),
    { text: one.severity },
    { text: new Date(one.startedMs).toISOString().replace(/\.\d+Z$/, 'Z') },
    { text: one.endedMs === null ? '' : spanText(one.endedMs - one.startedMs) },
    { text: one.sentence },
    { text: one.note ?? '' },
  ])
  return formatTable(rows, { isColoured })
}

function stateOf({ endedMs, acknowledgedMs }: Incident): Cell {
  if (endedMs !== null) return { text: 'over', colour: green }
  return acknowledgedMs === null ? { text: 'open', colour: red } : { text: 'acknowledged', colour: yellow }
}

function spanText(ms: number): string {
  if (ms === 0) return ''
  return ms < 120_000
    ? `${Math.round(ms / 1000)} s`
    : ms < 7_200_000
      ? `${Math.round(ms / 60_000)} min`
      : `${Math.round(ms / 3_600_000)} h`
}
