/** Drafts of files that are replaced: named after their writer, so that those of a writer that was killed are found and removed. */
import { randomBytes } from 'node:crypto'
import type { Stats } from 'node:fs'
import { codeOf } from '../errors.ts'
import { type Folder, inFolderSync } from './folder.ts'

/** The name of a draft beside the file of this name, so that it can be renamed to it. */
export function draftOf(name: string): string {
  return `${name}.${process.pid}-${randomBytes(6).toString('hex')}.tmp`
}

const draftName = /\.(\d{1,10})-[0-9a-f]{12}\.tmp$/
/** Versions before this one did not say whose a draft is. */
const namelessDraft = /\.[0-9a-f]{12}\.tmp$/
const namelessForMs = 3_600_000

/**
 * Removes the drafts below these folders whose writer has ended: they may hold communities and keys, and a full disk needs
 * the room. Gives the paths removed; what cannot be looked at stays.
 */
export function removeAbandonedDrafts(folders: readonly string[]): string[] {
  return folders.flatMap((path) => {
    try {
      return inFolderSync(path, removeIn)
    } catch {
      return [] // there is none, or it is not for us
    }
  })
}

function removeIn(folder: Folder): string[] {
  return folder.readNamesSync().flatMap((name) => {
    try {
      const stats = folder.lstatSync(name)
      if (stats.isDirectory()) return removeAbandonedDrafts([folder.pathOf(name)])
      if (!stats.isFile() || !isAbandoned(name, stats)) return []
      folder.removeSync(name)
      return [folder.pathOf(name)]
    } catch {
      return [] // somebody else has removed it, or may alone
    }
  })
}

function isAbandoned(name: string, { mtimeMs }: Stats): boolean {
  const writer = draftName.exec(name)?.[1]
  if (writer !== undefined) return !isThere(Number(writer))
  return namelessDraft.test(name) && Date.now() - mtimeMs > namelessForMs
}

/** A daemon that begins writes no draft before it has looked, so one of its own PID is of a process before it. */
function isThere(pid: number): boolean {
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) !== 'ESRCH'
  }
}
