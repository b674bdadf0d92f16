/**
 * The names of rotated files: `access_log.1700000000`, a second one of that second `….1`, compressed `….gz`. Each name
 * sorts after all that were there when it was given, whatever the clock said: their order is the order of the rotations.
 */
import { lstat, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { earliestTimeMs } from '../../../lib/wall-clock.ts'

export interface RotatedName {
  /** When it was moved aside, in seconds since 1970; of the file before it where the clock was behind that. */
  readonly seconds: number
  /** From 0, of those that share their seconds. */
  readonly number: number
  readonly isCompressed: boolean
}

export interface RotatedFile extends RotatedName {
  readonly path: string
  /** What it takes of the disk, not how long it is. */
  readonly diskOctets: number
  /** When its last line was written. */
  readonly modifiedMs: number
}

/** Written before the rename to `.gz`; one that is found was begun by a process that ended. */
export const draftSuffix = '.gz.tmp'

/** Undefined for every name that this is not a rotated file of. */
export function parseRotatedName(name: string, liveName: string): RotatedName | undefined {
  if (!name.startsWith(`${liveName}.`)) return undefined
  const found = /^(\d{9,12})(?:\.([1-9]\d{0,5}))?(\.gz)?$/.exec(name.slice(liveName.length + 1))
  if (!found) return undefined
  return { seconds: Number(found[1]), number: Number(found[2] ?? 0), isCompressed: found[3] !== undefined }
}

/** All there are of a log, the oldest first. */
export async function listRotated(livePath: string): Promise<RotatedFile[]> {
  const folder = dirname(livePath)
  const found: RotatedFile[] = []
  for (const name of await namesIn(folder)) {
    const rotated = parseRotatedName(name, basename(livePath))
    if (!rotated) continue
    const path = join(folder, name)
    try {
      const stats = await lstat(path)
      if (stats.isFile()) found.push({ ...rotated, path, diskOctets: stats.blocks * 512, modifiedMs: stats.mtimeMs })
    } catch {
      // It went meanwhile.
    }
  }
  return found.sort(byAge)
}

/** The drafts of compressions that were cut off. */
export async function listDrafts(livePath: string): Promise<string[]> {
  const liveName = basename(livePath)
  return (await namesIn(dirname(livePath)))
    .filter((name) => name.endsWith(draftSuffix))
    .filter((name) => parseRotatedName(name.slice(0, -draftSuffix.length), liveName) !== undefined)
    .map((name) => join(dirname(livePath), name))
}

/** The name that a log gets when it is rotated at `nowSeconds` (since 1970): that time, or the next above all there are. */
export async function nextRotatedPath(livePath: string, nowSeconds: number): Promise<string> {
  return pathOf(livePath, await nextNumber(livePath, nowSeconds))
}

/**
 * Renames a log to its next name, and gives the new path. The name is made as an empty file first: a rename would
 * overwrite, an exclusive creation cannot. Throws what the file system throws; the log has its name then.
 */
export async function moveAside(livePath: string, nowSeconds: number): Promise<string> {
  for (let at = await nextNumber(livePath, nowSeconds); ; at = following(at)) {
    const target = pathOf(livePath, at)
    if (await isThere(`${target}.gz`)) continue
    try {
      await (await open(target, 'wx', 0o600)).close()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue
      throw error
    }
    try {
      await rename(livePath, target)
      return target
    } catch (error) {
      await rm(target, { force: true })
      throw error
    }
  }
}

export function byAge(a: RotatedFile, b: RotatedFile): number {
  return byNumber(a, b) || a.path.localeCompare(b.path)
}

type Numbered = Pick<RotatedName, 'seconds' | 'number'>

/** The seconds of a name that was given before the clock was set. */
export const unsetClockSeconds = earliestTimeMs / 1000
const highestNumber = 999_999

async function nextNumber(livePath: string, nowSeconds: number): Promise<Numbered> {
  const liveName = basename(livePath)
  const there = (await namesIn(dirname(livePath))).flatMap((name) => parseRotatedName(name, liveName) ?? [])
  const newest = there.sort(byNumber).at(-1)
  // A name from 1970 would be that of the oldest file, and of a stranger's: `access_log.1` is what logrotate makes.
  const seconds = Math.max(nowSeconds, unsetClockSeconds)
  return newest && newest.seconds >= seconds ? following(newest) : { seconds, number: 0 }
}

function following({ seconds, number }: Numbered): Numbered {
  return number < highestNumber ? { seconds, number: number + 1 } : { seconds: seconds + 1, number: 0 }
}

function pathOf(livePath: string, { seconds, number }: Numbered): string {
  return `${livePath}.${seconds}${number === 0 ? '' : `.${number}`}`
}

function byNumber(a: Numbered, b: Numbered): number {
  return a.seconds - b.seconds || a.number - b.number
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}

/** No folder means no files. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch {
    return []
  }
}
