/** Drafts of files that are replaced: named after their writer, so that those of a writer that was killed are found and removed. */
import { randomBytes } from 'node:crypto'
import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf } from './errors.ts'

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
  return folders.flatMap((folder) =>
    filesBelow(folder).filter((path) => {
      if (!isAbandoned(path)) return false
      try {
        rmSync(path)
        return true
      } catch {
        return false // somebody else has removed it, or may alone
      }
    }),
  )
}

function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
  } catch {
    return [] // there is none
  }
}

function isAbandoned(path: string): boolean {
  const writer = draftName.exec(path)?.[1]
  if (writer !== undefined) return !isThere(Number(writer))
  if (!namelessDraft.test(path)) return false
  const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() }
  return Date.now() - mtimeMs > namelessForMs
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
