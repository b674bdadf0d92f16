/** A trial of events as text for people, and as JSON for programs. */
import { declaredNames } from '../../catalogue.ts'
import { bold, green, grey, painter, red, yellow } from '../../lib/cli/colour.ts'
import { formatOid } from '../../lib/smi/oid.ts'
import { printable } from '../../lib/text/escape.ts'
import type { Fired } from '../../subagents/event/conditions/step.ts'
import type { Flapping, ReplayedTrigger } from '../../subagents/event/replay.ts'
import { type EventRow, nameOf, type Pointer, type TriggerRow } from '../../subagents/event/rows.ts'
import { testsText } from '../../views/trigger-tests.ts'
import type { Trial } from './trial.ts'

/** For programs: times as ISO 8601, each trigger with all that would have fired. */
export function trialToJson({ file, samplesFile, triggers, from, to }: Trial): object {
  return {
    file,
    samplesFile,
    from: dateOf(from),
    to: dateOf(to),
    triggers: triggers.map((one) => ({
      trigger: nameOf(one.row),
      owner: one.row.mteOwner,
      name: one.row.mteTriggerName,
      object: declaredNames.format(one.row.mteTriggerValueID),
      isEnabled: one.row.mteTriggerEnabled,
      samples: one.samples,
      instances: one.instances,
      samplesOf: one.borrowedFrom,
      sampledEverySeconds: one.periodMs === undefined ? undefined : one.periodMs / 1000,
      counts: countsOf(one),
      firings: one.firings.map(({ timeMs, fired, oid, value, sentence, event }) => ({
        time: dateOf(timeMs),
        fired,
        object: declaredNames.format(oid),
        oid: formatOid(oid),
        value,
        event: pointerName(event),
        sentence,
      })),
      flapping: one.flapping && { ...one.flapping, worst: declaredNames.format(one.flapping.worst) },
    })),
  }
}

export function formatTrial(trial: Trial, isColoured: boolean): string {
  const { triggers, from, to, samplesFile } = trial
  if (from === undefined)
    return `there are no samples in ${printable(samplesFile)}; the agent writes what its triggers sample there, a few seconds later\n`
  const lines = [`samples from ${dateOf(from)} to ${dateOf(to)}`]
  const others = triggers.flatMap(otherPeriod)
  if (others.length > 0) lines.push(`samples are used as they were taken: ${others.join(', ')}`)
  for (const trigger of triggers) lines.push('', ...formatTrigger(trigger, trial, isColoured))
  return `${lines.join('\n')}\n`
}

const shownAtMost = 20

function formatTrigger(one: ReplayedTrigger, { events }: Trial, isColoured: boolean): string[] {
  const paint = painter(isColoured)
  const { row, samples, instances, borrowedFrom, firings, flapping } = one
  const of = borrowedFrom === undefined ? '' : ` of ${printable(borrowedFrom)}`
  const what = `${paint(nameOf(row), bold)}  ${declaredNames.format(row.mteTriggerValueID)}, ${testsText(row)}${row.mteTriggerEnabled ? '' : ', off'}`
  if (samples === 0) return [what, `  ${paint('there are no samples of it', grey)}`]
  const lines = [what, `  ${plural(samples, 'sample')}${of} of ${plural(instances, 'instance')}: ${countsText(one)}`]
  for (const { timeMs, fired, sentence } of firings.slice(0, shownAtMost))
    lines.push(
      `  ${dateOf(timeMs)}  ${paint(fired.padEnd(12), fired === 'falling' ? green : yellow)}  ${printable(sentence)}`,
    )
  if (firings.length > shownAtMost) lines.push(`  and ${firings.length - shownAtMost} more; --json has all of them`)
  lines.push(...unheard(firings, events).map((line) => `  ${line}`))
  if (flapping) lines.push(`  ${paint('flaps', red)}: ${adviceText(row, flapping)}`)
  return lines
}

/** Events that were pointed at, and would have told nobody. */
function unheard(firings: ReplayedTrigger['firings'], events: readonly EventRow[]): string[] {
  return [...new Set(firings.map(({ event }) => pointerName(event)))].flatMap((name) => {
    const found = events.find(
      ({ mteOwner, mteEventName }) => pointerName({ owner: mteOwner, name: mteEventName }) === name,
    )
    if (found?.mteEventEntryStatus !== 'active')
      return [`there is no active event ${printable(name)}, so nothing would be told`]
    return found.mteEventEnabled ? [] : [`the event ${printable(name)} is off, so nothing would be told`]
  })
}

function adviceText(
  { mteTriggerThresholdFalling: falling }: TriggerRow,
  { risings, worst, mostInAnHour, advice }: Flapping,
): string {
  const seen = `${risings} risings, ${mostInAnHour} of ${declaredNames.format(worst)} within an hour`
  if (!advice) return `${seen}; no lower falling threshold would have ended that`
  const never = advice.isReached ? '' : ', but it never came down to that, so it would not have been over'
  return `${seen}; falling at ${advice.falling} instead of ${falling} leaves ${advice.risings} of ${risings} crossings${never}`
}

/** Where samples were taken more than a fifth more or less often than the trigger would. */
function otherPeriod({ row, periodMs }: ReplayedTrigger): string[] {
  if (periodMs === undefined || Math.abs(periodMs / (row.mteTriggerFrequency * 1000) - 1) <= 0.2) return []
  return [
    `${printable(nameOf(row))} every ${Math.round(periodMs / 100) / 10} s rather than ${row.mteTriggerFrequency} s`,
  ]
}

function countsOf({ firings }: ReplayedTrigger): Partial<Record<Fired, number>> {
  const counts: Partial<Record<Fired, number>> = {}
  for (const { fired } of firings) counts[fired] = (counts[fired] ?? 0) + 1
  return counts
}

function countsText(one: ReplayedTrigger): string {
  const counts = Object.entries(countsOf(one)).map(([fired, count]) => `${count} ${fired}`)
  return counts.length === 0 ? 'nothing would have fired' : counts.join(', ')
}

function pointerName({ owner, name }: Pointer): string {
  return owner === '' ? name : `${owner}/${name}`
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

function dateOf(timeMs: number | undefined): string | undefined {
  return timeMs === undefined ? undefined : new Date(timeMs).toISOString().replace(/\.\d+Z$/, 'Z')
}
