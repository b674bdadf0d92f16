/** Text files of a home, read and replaced without waiting: a migration comes before anything else of a daemon. */
import { closeSync, fchmodSync, fchownSync, fsyncSync, readFileSync, writeFileSync } from 'node:fs'
import { isMissing } from '../errors.ts'
import { draftOf } from '../trust/drafts.ts'
import { atPlaceSync, type Folder, inFolderSync } from '../trust/folder.ts'
import { makeInSync, openInSync } from '../trust/open.ts'

/** None where there is no such folder: a home may have what one of the processes needs alone. */
export function namesIn(folder: string): string[] {
  return orWhereMissing([], () => inFolderSync(folder, (open) => open.readNamesSync()))
}

/** With a character for each octet. Undefined for what is not there, and for what is no regular file, which its reader complains of. */
export function readText(folderPath: string, name: string): string | undefined {
  return orWhereMissing(undefined, () => inFolderSync(folderPath, (folder) => readIn(folder, name)))
}

function readIn(folder: Folder, name: string): string | undefined {
  if (!folder.readNamesSync().includes(name) || !folder.lstatSync(name).isFile()) return undefined
  const descriptor = openInSync(folder, name, 'read')
  try {
    return readFileSync(descriptor, 'latin1')
  } finally {
    closeSync(descriptor)
  }
}

function orWhereMissing<T>(otherwise: T, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (isMissing(error)) return otherwise
    throw error
  }
}

/** Whole and durable, with owner and mode as they were; one that is new is its folder's owner's, and may be read by all. */
export function replaceText(path: string, content: string): void {
  atPlaceSync(path, (folder, name) => {
    const isNew = !folder.readNamesSync().includes(name)
    const { uid, gid, mode } = isNew ? { ...folder.stats, mode: 0o644 } : folder.lstatSync(name)
    const draft = draftOf(name)
    const descriptor = makeInSync(folder, draft)
    try {
      writeFileSync(descriptor, content, 'latin1')
      if (process.geteuid?.() === 0) fchownSync(descriptor, uid, gid)
      fchmodSync(descriptor, mode & 0o777)
      fsyncSync(descriptor)
      folder.renameSync(draft, name)
    } catch (error) {
      folder.removeSync(draft)
      throw error
    } finally {
      closeSync(descriptor)
    }
  })
}
