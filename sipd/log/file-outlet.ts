/** A log file that is appended to. */

import { constants, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { messageOf } from '../../lib/errors.ts'
import type { Outlet } from './outlet.ts'

// Without O_NONBLOCK, opening a named pipe that nobody reads would hold one of the few threads for file operations.
const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK

export class FileOutlet implements Outlet {
  readonly name: string
  #file: FileHandle

  private constructor(path: string, file: FileHandle) {
    this.name = path
    this.#file = file
  }

  /** A new file is for its owner alone. Throws what was tried and why it failed. */
  static async open(path: string): Promise<FileOutlet> {
    return new FileOutlet(path, await openLog(path))
  }

  async write(octets: Uint8Array): Promise<number> {
    return (await this.#file.write(octets)).bytesWritten
  }

  async reopen(): Promise<void> {
    const before = this.#file
    this.#file = await openLog(this.name)
    await before.close().catch(() => {}) // nothing can be done for what it held
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

async function openLog(path: string): Promise<FileHandle> {
  let file: FileHandle
  try {
    file = await open(path, flags, 0o600)
  } catch (error) {
    throw new Error(`the log ${path} cannot be opened: ${messageOf(error)}`, { cause: error })
  }
  const stats = await file.stat()
  if (isLoggable(stats)) return file
  await file.close()
  throw new Error(`the log ${path} cannot be opened: it is neither a file nor a character device; name another one`)
}

function isLoggable(stats: Stats): boolean {
  return stats.isFile() || stats.isCharacterDevice()
}
