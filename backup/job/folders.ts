/** Where jobs keep what they need for a while, and what is left of those that were killed. */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { draftSuffix, parseStoredName } from '../../lib/backup/set-name.ts'
import { foldersOf, type Home } from '../../lib/home/home.ts'
import type { Device } from '../device/device.ts'

const dayMs = 86_400_000

export function backupFolderOf(home: Home): string {
  return join(foldersOf(home, 'subagents').data, 'backup')
}

export type Passing = 'work' | 'staging' | 'drill'

/** Empty, and root's alone: what a job that was killed left in it goes. Only the job that has the lock may. */
export function emptyFolder(home: Home, name: Passing): string {
  const folder = join(backupFolderOf(home), name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return folder
}

export function removeFolder(home: Home, name: Passing): void {
  rmSync(join(backupFolderOf(home), name), { recursive: true, force: true })
}

/**
 * Removes drafts from a device: those of this node, whose job has ended since one runs at a time, and those of any other that
 * are older than a day. Gives their names.
 */
export async function removeDrafts(
  device: Device,
  node: string,
  nowMs: number,
  signal: AbortSignal,
): Promise<string[]> {
  const removed: string[] = []
  for (const { name, modifiedMs } of await device.list(signal)) {
    const stored = parseStoredName(name)
    if (stored?.kind !== 'draft') continue
    const of = parseStoredName(name.slice(0, -draftSuffix.length))
    const isOurs = of?.kind === 'archive' && of.node === node
    if (!isOurs && nowMs - modifiedMs < dayMs) continue
    await device.remove(name, signal)
    removed.push(name)
  }
  return removed
}
