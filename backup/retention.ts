/**
 * How many backups a device keeps, and what is cleared away: complete sets beyond its number, oldest first; drafts, and archives of
 * sets whose list was never written, once nobody can be writing them any more. What is not ours is never touched.
 */
import { formatSetName, parseStoredName, type SetName } from '../lib/backup/set-name.ts'
import type { Device, StoredFile } from './device/device.ts'
import { isProbeName } from './device/try-out.ts'

export interface RetentionRules {
  /** How many complete sets are kept, at least one. */
  readonly retention: number
  readonly nowMs: number
  /** The set that was just completed. Without one no complete set is removed: a job that fails costs no older backup. */
  readonly completed?: SetName
}

interface StoredSet {
  readonly name: string
  readonly timeMs: number
  readonly list: StoredFile | undefined
  readonly archives: readonly StoredFile[]
}

const dayMs = 86_400_000

/** The names to remove, in the order in which to do it: a set's list goes first, so that what is left of it is not complete. */
export function filesToRemove(files: readonly StoredFile[], rules: RetentionRules): string[] {
  const { retention, nowMs, completed } = rules
  const sets = setsIn(files)
  const complete = sets.filter(({ list }) => list !== undefined).sort(byTime)
  const newName = completed && formatSetName(completed)
  const isThere = complete.some(({ name }) => name === newName)
  const surplus = isThere ? complete.slice(0, -Math.max(1, retention)) : []
  const ofSurplus = surplus
    .filter(({ name }) => name !== newName)
    .flatMap(({ list, archives }) => (list ? [list, ...archives] : archives))
  const ofIncomplete = sets
    .filter(({ list }) => list === undefined)
    .flatMap(({ timeMs, archives }) => archives.filter((file) => isOlderThanADay(file, timeMs, nowMs)))
  return [...ofSurplus, ...ofIncomplete, ...drafts(files, { nowMs })].map(({ name }) => name)
}

/** Lists the device, removes those files, and gives their names. A file that cannot be removed ends it. */
export async function prune(device: Device, rules: RetentionRules, signal: AbortSignal): Promise<string[]> {
  const names = filesToRemove(await device.list(signal), rules)
  for (const name of names) await device.remove(name, signal)
  return names
}

/**
 * Removes the drafts of this node, whose jobs have ended since one runs at a time, and those of others that are older than a day.
 * Gives their names. For the beginning of a backup: a device that drafts have filled has room then.
 */
export async function removeDrafts(
  device: Device,
  options: { readonly nowMs: number; readonly ownNode: string },
  signal: AbortSignal,
): Promise<string[]> {
  const names = drafts(await device.list(signal), options).map(({ name }) => name)
  for (const name of names) await device.remove(name, signal)
  return names
}

function setsIn(files: readonly StoredFile[]): StoredSet[] {
  const sets = new Map<string, { name: string; timeMs: number; list: StoredFile | undefined; archives: StoredFile[] }>()
  for (const file of files) {
    const stored = parseStoredName(file.name)
    if (!stored || stored.kind === 'draft') continue
    const name = formatSetName(stored.set)
    const set = sets.get(name) ?? { name, timeMs: stored.set.timeMs, list: undefined, archives: [] }
    sets.set(name, set)
    if (stored.kind === 'list') set.list = file
    else set.archives.push(file)
  }
  return [...sets.values()]
}

function drafts(
  files: readonly StoredFile[],
  { nowMs, ownNode }: { readonly nowMs: number; readonly ownNode?: string },
): StoredFile[] {
  return files.filter((file) => {
    if (isProbeName(file.name)) return isOlderThanADay(file, file.modifiedMs, nowMs)
    const stored = parseStoredName(file.name)
    if (stored?.kind !== 'draft') return false
    const of = parseStoredName(stored.of)
    if (of?.kind === 'archive' && of.node === ownNode) return true
    return isOlderThanADay(file, of && of.kind !== 'draft' ? of.set.timeMs : file.modifiedMs, nowMs)
  })
}

/** By our clock when it was begun, and by the device's when it was written: one of the two may be wrong. */
function isOlderThanADay({ modifiedMs }: StoredFile, begunMs: number, nowMs: number): boolean {
  return nowMs - begunMs > dayMs && nowMs - modifiedMs > dayMs
}

function byTime(a: StoredSet, b: StoredSet): number {
  return a.timeMs - b.timeMs || (a.name < b.name ? -1 : 1)
}
