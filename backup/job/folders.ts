/** Where jobs keep what they need for a while, and what is left of those that were killed. */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { foldersOf, type Home } from '../../lib/home/home.ts'

export function backupFolderOf(home: Home): string {
  return join(foldersOf(home, 'subagents').data, 'backup')
}

/** Whoever has it runs the job of this home. */
export const jobLockOf = (home: Home): string => join(backupFolderOf(home), 'job.lock')

export const replacedFolderOf = (home: Home): string => join(backupFolderOf(home), 'replaced')

export type Passing = 'work' | 'staging'

/** Beside the folders of jobs: what comes and goes there changes no folder that is backed up. */
const passingFolderOf = (home: Home, name: Passing): string => join(backupFolderOf(home), 'jobs', name)

/** Empty, and root's alone: what a job that was killed left in it goes. Only the job that has the lock may. */
export function emptyFolder(home: Home, name: Passing): string {
  const folder = passingFolderOf(home, name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return folder
}

export function removeFolder(home: Home, name: Passing): void {
  rmSync(passingFolderOf(home, name), { recursive: true, force: true })
}
