/**
 * What a PID file says where the disk has no room for one: an empty file that has it in its name, `NAME.pid.PID.TICKS`. It
 * takes no block of the disk.
 */

import { closeSync, type Stats } from 'node:fs'
import { isDenied } from '../errors.ts'
import { isAbsence } from '../proc/file.ts'
import { atPlaceSync, type Folder } from '../trust/folder.ts'
import { makeInSync } from '../trust/open.ts'
import { RefusedPathError } from '../trust/refused-path.ts'

export interface Marked {
  readonly pid: number
  readonly startTicks: number
  /** Whose file it is. */
  readonly uid: number
}

/** In place of all others. Throws what the file system throws, such as ENOSPC where there is no inode either. */
export function placeMarker(pidFile: string, { pid, startTicks }: Omit<Marked, 'uid'>): void {
  removeMarkers(pidFile)
  atPlaceSync(pidFile, (folder, name) => closeSync(makeInSync(folder, `${name}.${pid}.${startTicks}`, 0o644)))
}

/** All that are there; a process that was killed leaves its own. */
export function readMarkers(pidFile: string): Marked[] {
  return withMarkers(pidFile, (folder, names) =>
    names.flatMap((name) => {
      const [startTicks = 0, pid = 0] = name.split('.').toReversed().map(Number)
      const stats = statsIfThere(folder, name)
      return stats?.isFile() && stats.nlink === 1 ? { pid, startTicks, uid: stats.uid } : []
    }),
  )
}

export function removeMarkers(pidFile: string): void {
  withMarkers(pidFile, (folder, names) => {
    for (const name of names) folder.removeSync(name)
    return []
  })
}

function withMarkers(pidFile: string, use: (folder: Folder, names: readonly string[]) => Marked[]): Marked[] {
  try {
    return atPlaceSync(pidFile, (folder, name) =>
      use(
        folder,
        folder.readNamesSync().filter((one) => isMarker(one, name)),
      ),
    )
  } catch (error) {
    if (error instanceof RefusedPathError || isAbsence(error) || isDenied(error)) return [] // no such folder, or not for us
    throw error
  }
}

function isMarker(name: string, pidFileName: string): boolean {
  return name.startsWith(`${pidFileName}.`) && /^\d{1,10}\.\d{1,20}$/.test(name.slice(pidFileName.length + 1))
}

function statsIfThere(folder: Folder, name: string): Stats | undefined {
  try {
    return folder.lstatSync(name)
  } catch {
    return undefined // it went meanwhile
  }
}
