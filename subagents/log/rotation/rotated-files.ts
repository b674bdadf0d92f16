/** Rotated files on the disk: which there are of a log, and how one gets its name (lib/follow/rotated-name.ts). */
import type { Stats } from 'node:fs'
import { basename } from 'node:path'
import { codeOf } from '../../../lib/errors.ts'
import {
  byRotation,
  parseRotatedName,
  type RotatedName,
  type RotationNumber,
} from '../../../lib/follow/rotated-name.ts'
import { earliestTimeMs } from '../../../lib/time/wall-clock.ts'
import { atPlace, type Folder } from '../../../lib/trust/folder.ts'
import { makeIn } from '../../../lib/trust/open.ts'

export interface RotatedFile extends RotatedName {
  readonly path: string
  /** What it takes of the disk, not how long it is. */
  readonly diskOctets: number
  /** When its last line was written. */
  readonly modifiedMs: number
}

/** Written before the rename to `.gz`; one that is found was begun by a process that ended. */
export const draftSuffix = '.gz.tmp'

/** What has the name of a log; of a link the link itself. Throws what the file system throws, and RefusedPathError. */
export function lookAtLog(livePath: string): Promise<Stats> {
  return atPlace(livePath, (folder, name) => folder.lstat(name))
}

/** All there are of a log, the oldest first. */
export function listRotated(livePath: string): Promise<RotatedFile[]> {
  return beside(livePath, async (folder, liveName, names) => {
    const found: RotatedFile[] = []
    for (const name of names) {
      const rotated = parseRotatedName(name, liveName)
      if (!rotated) continue
      const stats = await folder.lstat(name).catch(() => undefined) // it went meanwhile
      if (!stats?.isFile()) continue
      const path = folder.pathOf(name)
      found.push({ ...rotated, path, diskOctets: stats.blocks * 512, modifiedMs: stats.mtimeMs })
    }
    return found.sort(byAge)
  })
}

/** The drafts of compressions that were cut off. */
export function listDrafts(livePath: string): Promise<string[]> {
  return beside(livePath, async (folder, liveName, names) =>
    names
      .filter((name) => name.endsWith(draftSuffix))
      .filter((name) => parseRotatedName(name.slice(0, -draftSuffix.length), liveName) !== undefined)
      .map((name) => folder.pathOf(name)),
  )
}

/** The name that a log gets when it is rotated at `nowSeconds` (since 1970): that time, or the next above all there are. */
export async function nextRotatedPath(livePath: string, nowSeconds: number): Promise<string> {
  const names = await beside(livePath, async (_folder, _name, names) => [...names])
  return nameOf(livePath, nextNumber(names, basename(livePath), nowSeconds))
}

/**
 * Renames a log to its next name, and gives the new path. The name is made as an empty file first: a rename would
 * overwrite, an exclusive creation cannot. Throws what the file system throws; the log has its name then.
 */
export function moveAside(livePath: string, nowSeconds: number): Promise<string> {
  return atPlace(livePath, async (folder, liveName) => {
    for (let at = nextNumber(await folder.readNames(isOf(liveName)), liveName, nowSeconds); ; at = following(at)) {
      const target = nameOf(liveName, at)
      if (await isThere(folder, `${target}.gz`)) continue
      try {
        await (await makeIn(folder, target)).close()
      } catch (error) {
        if (codeOf(error) === 'EEXIST') continue
        throw error
      }
      try {
        await folder.rename(liveName, target)
        return folder.pathOf(target)
      } catch (error) {
        await folder.remove(target)
        throw error
      }
    }
  })
}

export function byAge(a: RotatedFile, b: RotatedFile): number {
  return byRotation(a, b) || a.path.localeCompare(b.path)
}

/** The seconds of a name that was given before the clock was set. */
export const unsetClockSeconds = earliestTimeMs / 1000
const highestNumber = 999_999

function nextNumber(names: readonly string[], liveName: string, nowSeconds: number): RotationNumber {
  const there = names.flatMap((name) => parseRotatedName(name, liveName) ?? [])
  const newest = there.sort(byRotation).at(-1)
  // A name from 1970 would be that of the oldest file, and of a stranger's: `access_log.1` is what logrotate makes.
  const seconds = Math.max(nowSeconds, unsetClockSeconds)
  return newest && newest.seconds >= seconds ? following(newest) : { seconds, number: 0 }
}

function following({ seconds, number }: RotationNumber): RotationNumber {
  return number < highestNumber ? { seconds, number: number + 1 } : { seconds: seconds + 1, number: 0 }
}

function nameOf(live: string, { seconds, number }: RotationNumber): string {
  return `${live}.${seconds}${number === 0 ? '' : `.${number}`}`
}

/** Rotated files of a log, and drafts of them. */
function isOf(liveName: string): (name: string) => boolean {
  return (name) => name.startsWith(`${liveName}.`)
}

async function isThere(folder: Folder, name: string): Promise<boolean> {
  return folder.lstat(name).then(
    () => true,
    () => false,
  )
}

/** Runs something with what is in the folder of a log. No folder means no files, and so does one that is refused. */
async function beside<T>(
  livePath: string,
  run: (folder: Folder, liveName: string, names: readonly string[]) => Promise<T[]>,
): Promise<T[]> {
  try {
    return await atPlace(livePath, async (folder, liveName) =>
      run(folder, liveName, await folder.readNames(isOf(liveName))),
    )
  } catch {
    return []
  }
}
