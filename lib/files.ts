/** Writes that matter: a reader, or the machine after a power cut, sees the old file or the new one, never a part. */
import { constants, statSync } from 'node:fs'
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { draftOf } from './drafts.ts'
import { codeOf } from './errors.ts'

/** Replaces the file at `path` and returns when the new content is durable. `mode` defaults to owner-only. */
export async function writeFileAtomic(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  await replaceFile(path, content, mode, true)
  // The rename itself lives in the directory, which has to reach the disk as well.
  const directory = await open(dirname(path), 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** The same for what can be made anew: a reader sees the old file or the new one, and a power cut may take both. */
export function writeFileWhole(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  return replaceFile(path, content, mode, false)
}

/**
 * Renames a file of ours that cannot be understood to `PATH.broken`, for somebody to look into; one from before goes. Gives
 * the new path, or undefined when it could not be renamed.
 */
export async function keepBrokenFile(path: string): Promise<string | undefined> {
  const aside = `${path}.broken`
  try {
    await rename(path, aside)
    return aside
  } catch {
    return undefined
  }
}

async function replaceFile(
  path: string,
  content: string | Uint8Array,
  mode: number,
  isDurable: boolean,
): Promise<void> {
  const draft = draftOf(path)
  try {
    const file = await open(draft, 'wx', 0o600)
    try {
      await file.writeFile(content)
      await file.chmod(mode) // whatever the umask is
      if (process.getuid?.() === 0) await giveToOwner(file, path)
      if (isDurable) await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    // ENOSPC of a write does not name the file.
    if (error instanceof Error) error.message = `${path} could not be written: ${error.message}`
    throw error
  }
}

/** Root writes for others too: their daemons must be able to read, and to replace, what is theirs. */
async function giveToOwner(file: FileHandle, path: string): Promise<void> {
  const { uid, gid } = await stat(path).catch(() => stat(dirname(path)))
  await file.chown(uid, gid)
}

/**
 * Writes over the beginning of a file that is there: the blocks are its own already, so that a full disk has room for it. For
 * content that fits into one sector of a disk (512 octets), which a power cut leaves old or new. Throws what the file
 * system throws.
 */
export async function overwriteFile(path: string, content: string): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_NOFOLLOW)
  try {
    await file.write(content, 0)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Whether a write failed because the disk, or this user's part of it, has no room left. */
export function isDiskFull(error: unknown): boolean {
  return codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT'
}

/** Whether nothing is there. What this user may not look at is not missing. */
export function isMissing(path: string): boolean {
  try {
    statSync(path)
    return false
  } catch (error) {
    return codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR'
  }
}
