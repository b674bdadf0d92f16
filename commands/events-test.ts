/** castellan events test: the samples that were kept, once more through the rows of a file: what would have fired. */

import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { declaredNames } from '../catalogue.ts'
import { ConfigurationError } from '../lib/cnf/complaint.ts'
import { messageOf } from '../lib/errors.ts'
import { foldersOf, type Home, requireHome } from '../lib/home/home.ts'
import { ConfigFile } from '../lib/mib/config.ts'
import { formatOid, type Oid } from '../lib/smi/oid.ts'
import { printable } from '../lib/text/escape.ts'
import type { Fired } from '../subagents/event/conditions/step.ts'
import { eventModule } from '../subagents/event/index.ts'
import { mteEventTable, mteTriggerTable } from '../subagents/event/mib.ts'
import { type EventRow, nameOf, type Pointer, type TriggerRow } from '../subagents/event/rows.ts'
import { parseSamplesCsv } from '../subagents/event/samples/csv.ts'
import { isRing, openRing, samplesPath } from '../subagents/event/samples/read.ts'
import { type Flapping, type ReplayedTrigger, replay } from '../subagents/event/samples/replay.ts'
import type { Sample } from '../subagents/event/samples/sample.ts'
import { bold, green, grey, painter, red, testsText, yellow } from './events-words.ts'

export interface TrialWish {
  /** A file of rows; the home's where it is not given. */
  readonly file?: string | undefined
  /** A ring or comma-separated values; the home's ring where it is not given. */
  readonly samples?: string | undefined
  readonly sinceMs?: number | undefined
  /** Triggers, as `owner/name` or `name`; all that are on where there are none. */
  readonly names: readonly string[]
}

export interface Trial {
  readonly file: string
  readonly samplesFile: string
  readonly triggers: readonly ReplayedTrigger[]
  /** Of the file: what they point to may be off, or missing. */
  readonly events: readonly EventRow[]
  readonly from: number | undefined
  readonly to: number | undefined
}

/** Throws ConfigurationError for a broken file, and an Error for a name that it has not, or samples that cannot be read. */
export async function tryEvents(home: Home, wish: TrialWish): Promise<Trial> {
  const path = wish.file ?? join(home.conf, 'agent', 'eventagt.cnf')
  if (wish.file === undefined) requireHome(home)
  const overlayPath = wish.file === undefined ? join(foldersOf(home, 'agent').data, 'eventagt.cnf') : undefined
  const { triggers, events } = await readTriggers({ path, overlayPath })
  const samplesFile = wish.samples ?? samplesPath(home)
  const samples = samplesIn(home, wish)
  let [from, to]: (number | undefined)[] = []
  for (const { timeMs } of samples()) {
    from = Math.min(from ?? timeMs, timeMs)
    to = Math.max(to ?? timeMs, timeMs)
  }
  const chosen = choose(triggers, wish.names, path)
  return { file: path, samplesFile, triggers: replay(chosen, samples, declaredNames), events, from, to }
}

/** The active rows of a file, with what was changed over SNMP since a person edited it. Throws ConfigurationError. */
export async function readTriggers({
  path,
  overlayPath,
}: {
  readonly path: string
  readonly overlayPath?: string | undefined
}): Promise<{ triggers: TriggerRow[]; events: EventRow[] }> {
  const { configured } = eventModule()
  const config = new ConfigFile(configured, {
    path,
    ...(overlayPath === undefined ? {} : { overlayPath }),
    resolveName: (name) => declaredNames.resolve(name),
  })
  const complaints = await config.load()
  if (complaints.length > 0) throw new ConfigurationError(complaints)
  const rowsOf = <R>(entryName: string): R[] =>
    configured
      .filter(({ table }) => table.definition.entryName === entryName)
      .flatMap(({ table }) => [...table.rows()] as R[])
  return {
    triggers: rowsOf<TriggerRow>(mteTriggerTable.entryName).filter((row) => row.mteTriggerEntryStatus === 'active'),
    events: rowsOf<EventRow>(mteEventTable.entryName),
  }
}

function choose(triggers: readonly TriggerRow[], names: readonly string[], path: string): TriggerRow[] {
  if (names.length === 0) return triggers.filter(({ mteTriggerEnabled }) => mteTriggerEnabled)
  for (const name of names) {
    if (triggers.some((row) => isNamed(row, name))) continue
    const known = triggers.map(nameOf).join(', ')
    throw new Error(`${basename(path)} has no active trigger ${name}; there are: ${known}`)
  }
  return triggers.filter((row) => names.some((name) => isNamed(row, name)))
}

function isNamed(row: TriggerRow, name: string): boolean {
  return nameOf(row) === name || row.mteTriggerName === name
}

const csvNames = {
  resolve: (name: string) => declaredNames.resolve(name),
  typeOf: (oid: Oid) => declaredNames.objectOf(oid)?.syntax.base,
}

function samplesIn(home: Home, wish: TrialWish): () => Iterable<Sample> {
  const all = wish.samples === undefined ? openRing(samplesPath(home)) : samplesOfFile(wish.samples)
  const { sinceMs } = wish
  if (sinceMs === undefined) return all
  return function* () {
    for (const sample of all()) if (sample.timeMs >= sinceMs) yield sample
  }
}

function samplesOfFile(path: string): () => Iterable<Sample> {
  let octets: Buffer
  try {
    octets = readFileSync(path)
  } catch (error) {
    throw new Error(`samples could not be read: ${messageOf(error)}`, { cause: error })
  }
  if (isRing(octets)) return openRing(path)
  const samples = parseSamplesCsv(octets.toString(), path, csvNames)
  return () => samples
}

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
  const others = triggers.filter(isSampledOtherwise)
  if (others.length > 0) {
    const each = others.map(
      ({ row, periodMs }) =>
        `${printable(nameOf(row))} every ${Math.round(periodMs! / 100) / 10} s rather than ${row.mteTriggerFrequency} s`,
    )
    lines.push(`samples are used as they were taken: ${each.join(', ')}`)
  }
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
  for (const event of new Set(firings.map((firing) => pointerName(firing.event)))) {
    const found = events.find(
      ({ mteOwner, mteEventName }) => pointerName({ owner: mteOwner, name: mteEventName }) === event,
    )
    if (found?.mteEventEntryStatus !== 'active')
      lines.push(`  there is no active event ${printable(event)}, so nothing would be told`)
    else if (!found.mteEventEnabled) lines.push(`  the event ${printable(event)} is off, so nothing would be told`)
  }
  if (flapping) lines.push(`  ${paint('flaps', red)}: ${adviceText(row, flapping)}`)
  return lines
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

/** More than a fifth more or less often. */
function isSampledOtherwise({ row, periodMs }: ReplayedTrigger): boolean {
  return periodMs !== undefined && Math.abs(periodMs / (row.mteTriggerFrequency * 1000) - 1) > 0.2
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
