/** castellan events list: what is watched and how near it is to a threshold, what needs attention first. */
import { green, grey, red, usesColour, yellow } from '../../lib/cli/colour.ts'
import { defineCommand } from '../../lib/cli/command.ts'
import { exitCodes } from '../../lib/cli/exit-codes.ts'
import { json } from '../../lib/cli/options.ts'
import { show } from '../../lib/cli/print.ts'
import { type Cell, formatTable } from '../../lib/cli/table.ts'
import { nameOf } from '../../subagents/event/rows.ts'
import { type Attention, eventsObject, readEvents, type WatchedInstance } from '../../views/events.ts'
import { type Need, withManager } from '../agent/ask-agent.ts'

const need: Need = {
  access: 'read',
  oid: eventsObject,
  otherwise: 'use getmany -v3 -u USER with castellanEventInstanceTable',
}

export const eventsList = defineCommand({
  name: 'list',
  summary: 'every trigger and instance: value, thresholds, distance, state; what needs attention first',
  example: 'castellan events list',
  options: { json },
  async run({ home, options }) {
    const watched = await withManager(home, need, (manager) => readEvents(manager))
    show(watched, options.json, () => formatEvents(watched, usesColour()))
    return exitCodes.ok
  },
})

/** `width` is that of the terminal unless a test says otherwise. */
export function formatEvents(watched: readonly WatchedInstance[], isColoured: boolean, width?: number): string {
  if (watched.length === 0) return 'there are no triggers; eventagt.cnf has room for them\n'
  const rows = watched.map((one): Cell[] => [
    { text: nameOf({ mteOwner: one.owner, mteTriggerName: one.name }) },
    { text: one.object },
    { text: one.value, align: 'right' },
    { text: one.limits },
    { text: distanceText(one) },
    { text: stateText(one), colour: colours[one.attention] },
    { text: ageText(one) },
  ])
  return formatTable(rows, { isColoured, ...(width === undefined ? {} : { width }) })
}

const colours: Readonly<Record<Attention, number>> = {
  failed: red,
  alarm: red,
  waiting: yellow,
  armed: green,
  off: grey,
}

/** Such as `12 below 75`; once it rose, how far it is above where that is over. */
function distanceText({ distance, state, rising, falling, compared }: WatchedInstance): string {
  if (distance === undefined) return ''
  const isOver = state === 'rising'
  const target = rising === undefined ? compared : isOver ? falling : rising
  const below = rising !== undefined && isOver ? -distance : distance
  if (target === undefined) return ''
  if (below === 0) return `at ${target}`
  return below > 0 ? `${below} below ${target}` : `${-below} above ${target}`
}

function stateText({ attention, state, lastFired, error, isEnabled, isWildcard }: WatchedInstance): string {
  const since = lastFired === undefined ? '' : ` since ${lastFired.replace(/\.\d+Z$/, 'Z')}`
  if (!isEnabled) return 'off'
  if (attention === 'failed') return `failed: ${error}`
  switch (state) {
    case 'rising':
      return `above${since}`
    case 'falling':
      return attention === 'alarm' ? `below${since}` : 'armed'
    case 'isTrue':
      return `true${since}`
    case 'absent':
      return 'not there'
    case 'unknown':
      return 'too few samples yet'
    case 'present':
      return 'there'
    case undefined:
      return isWildcard ? 'no instance' : 'not sampled yet'
    default:
      return 'armed'
  }
}

function ageText({ ageSeconds, isEnabled }: WatchedInstance): string {
  return ageSeconds === undefined || !isEnabled ? '' : `${ageSeconds} s ago`
}
