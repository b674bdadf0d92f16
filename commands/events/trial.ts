/** The samples that were kept, once more through the rows of a file: what would have fired. */
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { declaredNames } from '../../catalogue.ts'
import { ConfigurationError } from '../../lib/cnf/complaint.ts'
import { messageOf } from '../../lib/errors.ts'
import { foldersOf, type Home, requireHome } from '../../lib/home/home.ts'
import { ConfigFile } from '../../lib/mib/config.ts'
import type { Oid } from '../../lib/smi/oid.ts'
import { eventModule } from '../../subagents/event/index.ts'
import { mteEventTable, mteTriggerTable } from '../../subagents/event/mib.ts'
import { type ReplayedTrigger, replay } from '../../subagents/event/replay.ts'
import { type EventRow, nameOf, type TriggerRow } from '../../subagents/event/rows.ts'
import { parseSamplesCsv } from '../../subagents/event/samples/csv.ts'
import { isRing, openRing, samplesPath } from '../../subagents/event/samples/read.ts'
import type { Sample } from '../../subagents/event/samples/sample.ts'
import { rowsAmong } from '../agent/rows.ts'

export interface TrialRequest {
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
export async function tryEvents(home: Home, request: TrialRequest): Promise<Trial> {
  const path = request.file ?? join(home.conf, 'agent', 'eventagt.cnf')
  if (request.file === undefined) requireHome(home)
  const overlayPath = request.file === undefined ? join(foldersOf(home, 'agent').data, 'eventagt.cnf') : undefined
  const { triggers, events } = await readTriggers({ path, overlayPath })
  const samplesFile = request.samples ?? samplesPath(home)
  const samples = samplesIn(home, request)
  let [from, to]: (number | undefined)[] = []
  for (const { timeMs } of samples()) {
    from = Math.min(from ?? timeMs, timeMs)
    to = Math.max(to ?? timeMs, timeMs)
  }
  const chosen = choose(triggers, request.names, path)
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
  const triggers = rowsAmong(configured, mteTriggerTable)
  return {
    triggers: triggers.filter((row) => row.mteTriggerEntryStatus === 'active'),
    events: rowsAmong(configured, mteEventTable),
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

function samplesIn(home: Home, request: TrialRequest): () => Iterable<Sample> {
  const all = request.samples === undefined ? openRing(samplesPath(home)) : samplesOfFile(request.samples)
  const { sinceMs } = request
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
