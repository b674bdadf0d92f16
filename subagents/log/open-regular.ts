/** Opening what may have been renamed, deleted or replaced since it was listed. */
import { constants, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

export interface Opened {
  readonly handle: FileHandle
  readonly file: Stats
}

/** Nothing when it is not there or no regular file; a device or FIFO is never waited for. Throws when it may not be read. */
export async function openRegular(path: string): Promise<Opened | undefined> {
  let handle: FileHandle
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const file = await handle.stat()
  if (file.isFile()) return { handle, file }
  await handle.close()
  return undefined
}

export function isSameFile(a: Stats, b: Stats): boolean {
  return a.dev === b.dev && a.ino === b.ino
}
