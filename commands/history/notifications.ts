/** castellan notifications: what the agent notified, as the console keeps it. */
import type { KeptEvent } from '../../console/history/event.ts'
import { eventsSince } from '../../console/history/events.ts'
import { defineCommand } from '../../lib/cli/command.ts'
import { exitCodes } from '../../lib/cli/exit-codes.ts'
import { json, parsedOr, spanAsMs, text } from '../../lib/cli/options.ts'
import { show } from '../../lib/cli/print.ts'
import { formatTable } from '../../lib/cli/table.ts'
import { withHistory } from './open.ts'

const atMost = 10_000

export const notificationsCommand = defineCommand({
  name: 'notifications',
  summary: 'what the agent notified, oldest first',
  details: 'At most the last 10,000 of the span are shown.',
  example: 'castellan notifications --since 2d --name critAppProcExited',
  exitCodes: { 1: 'the console never ran' },
  options: {
    since: parsedOr('--since <span>', 'how far back, such as 30m, 2h, 2d, 1w or 1y', spanAsMs, 86_400_000, '1d'),
    name: text('--name <notification>', 'of this kind alone'),
    json,
  },
  async run({ home, options }) {
    const sinceMs = Date.now() - options.since
    const found = await withHistory(home, (database) => eventsSince(database, sinceMs, atMost, options.name))
    show(found, options.json, () => formatEvents(found))
    return exitCodes.ok
  },
})

function formatEvents(events: readonly KeptEvent[]): string {
  if (events.length === 0) return 'nothing was notified in this span\n'
  const rows = events.map(({ atMs, name, sentence, objects }) => [
    { text: new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z') },
    { text: name },
    { text: sentence ?? objects.map((object) => `${object.name} = ${object.text}`).join(', ') },
  ])
  return formatTable(rows, { isColoured: false })
}
