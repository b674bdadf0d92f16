/** Opening what may have been renamed, deleted or replaced since it was listed. */
import type { Stats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { isMissing } from '../errors.ts'
import type { Folder } from '../trust/folder.ts'
import { openIn } from '../trust/open.ts'

export interface Opened {
  readonly handle: FileHandle
  readonly file: Stats
}

/**
 * Undefined when it is not there. Throws RefusedPathError when it is no regular file of who may write the folder, and what the file
 * system throws when it may not be read; a device or FIFO is never waited for.
 */
export async function openRegular(folder: Folder, name: string): Promise<Opened | undefined> {
  let handle: FileHandle
  try {
    handle = await openIn(folder, name, 'read')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  return { handle, file: await handle.stat() }
}
