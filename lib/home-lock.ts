/** A lock that the kernel takes back when its holder ends, however it ends: one for a home, and one for each daemon of it. */
import { accessSync, chownSync, closeSync, constants, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'

/**
 * Node has no flock(2), but SQLite locks its files with fcntl(2): in the kernel, so that kill -9 leaves nothing behind,
 * whatever the length of the path or the network namespace, and on NFS. The file stays empty and is never removed:
 * a lock on a file that was removed keeps nobody out.
 */
export class HomeLock {
  readonly #database: Database.Database

  private constructor(database: Database.Database) {
    this.#database = database
  }

  /** Undefined when another process, or another HomeLock of this one, has it. Throws when the file cannot be had. */
  static tryTake(path: string): HomeLock | undefined {
    createEmpty(path)
    // SQLite says only that it cannot open the file; this names the reason.
    accessSync(path, constants.R_OK | constants.W_OK)
    const database = new Database(path, { timeout: 0, fileMustExist: true })
    try {
      database.pragma('journal_mode = MEMORY') // a journal beside the file is of no use, as nothing is ever written
      database.exec('BEGIN EXCLUSIVE')
      return new HomeLock(database)
    } catch (error) {
      database.close()
      if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')) return undefined
      throw new Error(`lock ${path}: ${(error as Error).message}`, { cause: error })
    }
  }

  release(): void {
    this.#database.close()
  }
}

/** Only where there is none: closing a file of one's own drops the locks that the process has on it. */
function createEmpty(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return
    throw error
  }
  if (process.getuid?.() !== 0) return
  // Root may make it first, in the home of another user.
  const { uid, gid } = statSync(dirname(path))
  chownSync(path, uid, gid)
}
