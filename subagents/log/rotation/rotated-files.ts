/** The names of rotated files: `access_log.1700000000`, a second one of that second `….1`, compressed `….gz`. */
import { lstat, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

export interface RotatedName {
  /** When it was moved aside, in seconds since 1970. */
  readonly seconds: number
  /** From 0, of those of one second. */
  readonly number: number
  readonly isCompressed: boolean
}

export interface RotatedFile extends RotatedName {
  readonly path: string
  /** What it takes of the disk, not how long it is. */
  readonly diskOctets: number
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
      if (stats.isFile()) found.push({ ...rotated, path, diskOctets: stats.blocks * 512 })
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

/**
 * Renames a log to the first name of that second that is free, and gives the new path. The name is made as an empty
 * file first: a rename would overwrite, an exclusive creation cannot. Throws what the file system throws; the log has
 * its name then.
 */
export async function moveAside(livePath: string, seconds: number): Promise<string> {
  for (let number = 0; ; number++) {
    const target = `${livePath}.${seconds}${number === 0 ? '' : `.${number}`}`
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
  return a.seconds - b.seconds || a.number - b.number || a.path.localeCompare(b.path)
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
