/**
 * What a PID file says where the disk has no room for one: an empty file that has it in its name, `NAME.pid.PID.TICKS`. It
 * takes no block of the disk.
 */
import { closeSync, constants, lstatSync, openSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

export interface Marked {
  readonly pid: number
  readonly startTicks: number
  /** Whose file it is. */
  readonly uid: number
}

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants

/** In place of all others. Throws what the file system throws, such as ENOSPC where there is no inode either. */
export function placeMarker(pidFile: string, { pid, startTicks }: Omit<Marked, 'uid'>): void {
  removeMarkers(pidFile)
  closeSync(openSync(`${pidFile}.${pid}.${startTicks}`, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644))
}

/** All that are there; a process that was killed leaves its own. */
export function readMarkers(pidFile: string): Marked[] {
  return markersOf(pidFile).flatMap((name) => {
    const stats = lstatSync(join(dirname(pidFile), name), { throwIfNoEntry: false })
    const [startTicks = 0, pid = 0] = name.split('.').toReversed().map(Number)
    return stats?.isFile() ? { pid, startTicks, uid: stats.uid } : []
  })
}

export function removeMarkers(pidFile: string): void {
  for (const name of markersOf(pidFile)) rmSync(join(dirname(pidFile), name), { force: true })
}

function markersOf(pidFile: string): string[] {
  const prefix = `${basename(pidFile)}.`
  try {
    return readdirSync(dirname(pidFile)).filter(
      (name) => name.startsWith(prefix) && /^\d{1,10}\.\d{1,20}$/.test(name.slice(prefix.length)),
    )
  } catch {
    return [] // there is no such folder
  }
}
