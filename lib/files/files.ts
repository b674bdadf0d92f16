/** Writes that matter: a reader, or the machine after a power cut, sees the old file or the new one, never a part. */
import type { FileHandle } from 'node:fs/promises'
import { codeOf, isMissing } from '../errors.ts'
import { draftOf } from '../trust/drafts.ts'
import { atPlace, Folder } from '../trust/folder.ts'
import { makeIn, openIn } from '../trust/open.ts'
import { reportWrite } from './storage.ts'

/** Replaces the file at `path` and returns when the new content is durable. `mode` defaults to owner-only. */
export function writeFileAtomic(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  return replaceFile(path, content, mode, true)
}

/** The same for what can be made again: a reader sees the old file or the new one, and a power cut may take both. */
export function writeFileWhole(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  return replaceFile(path, content, mode, false)
}

/**
 * Renames a file of ours that cannot be understood to `PATH.broken`, for somebody to look into; one from before goes. Gives
 * the new path, or undefined when it could not be renamed.
 */
export async function keepBrokenFile(path: string): Promise<string | undefined> {
  try {
    await atPlace(path, (folder, name) => folder.rename(name, `${name}.broken`))
    return `${path}.broken`
  } catch {
    return undefined
  }
}

function replaceFile(path: string, content: string | Uint8Array, mode: number, isDurable: boolean): Promise<void> {
  return atPlace(path, async (folder, name) => {
    const draft = draftOf(name)
    try {
      const file = await makeIn(folder, draft)
      try {
        await file.writeFile(content)
        await file.chmod(mode) // whatever the umask is
        if (process.getuid?.() === 0) await giveToOwner(file, folder, name)
        if (isDurable) await file.sync()
      } finally {
        await file.close()
      }
      await folder.rename(draft, name)
      // The rename itself lives in the folder, which has to reach the disk as well.
      if (isDurable) await folder.sync()
    } catch (error) {
      await folder.remove(draft)
      throw error
    }
  }).then(
    () => reportWrite(path),
    (error: unknown) => {
      // ENOSPC of a write does not name the file.
      if (error instanceof Error) error.message = `${path} could not be written: ${error.message}`
      reportWrite(path, error)
      throw error
    },
  )
}

/** Root writes for others too: their daemons must be able to read, and to replace, what is theirs. */
async function giveToOwner(file: FileHandle, folder: Folder, name: string): Promise<void> {
  const before = await folder.lstat(name).catch(() => undefined)
  // Of a link, or of another name of some file, those who may write the folder decide whose it is.
  const { uid, gid } = before?.isFile() && before.nlink === 1 ? before : folder.stats
  await file.chown(uid, gid)
}

/**
 * Writes over the beginning of a file that is there: the blocks are its own already, so that a full disk has room for it. For
 * content that fits into one sector of a disk (512 octets), which a power cut leaves old or new. Throws what the file
 * system throws.
 */
export function overwriteFile(path: string, content: string): Promise<void> {
  return atPlace(path, async (folder, name) => {
    const file = await openIn(folder, name, 'readWrite')
    try {
      await file.write(content, 0)
      await file.sync()
    } finally {
      await file.close()
    }
    reportWrite(path)
  })
}

/** Removes what has the name, of a link the link. Nothing happens when there is nothing of that name. */
export async function removeFile(path: string): Promise<void> {
  try {
    await atPlace(path, (folder, name) => folder.remove(name))
  } catch (error) {
    if (!isMissing(error)) throw error // there is no such folder either
  }
}

/** Whether a write failed because the disk, or this user's part of it, has no room left. */
export function isDiskFull(error: unknown): boolean {
  return codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT'
}

/** Whether nothing is there. What this user may not look at is not missing. */
export function isNothingAt(path: string): boolean {
  try {
    const { folder, name } = Folder.locateSync(path)
    try {
      folder.lstatSync(name)
    } finally {
      folder.close()
    }
    return false
  } catch (error) {
    return isMissing(error) || codeOf(error) === 'ENOTDIR'
  }
}
