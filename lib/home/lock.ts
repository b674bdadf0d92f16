/** A lock that the kernel takes back when its holder ends, however it ends: one for a home, and one for each daemon of it. */
import { accessSync, closeSync, constants } from 'node:fs'
import Database from 'better-sqlite3'
import { codeOf, messageOf } from '../errors.ts'
import { asOwnerOf } from '../trust/as-owner.ts'
import { atPlaceSync, type Folder } from '../trust/folder.ts'
import { assertOurs, makeInSync } from '../trust/open.ts'

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
    // SQLite opens files by name, and takes up whatever journal lies beside one: in a folder of others it must not do so as root.
    return atPlaceSync(path, (folder, name) => asOwnerOf(folder, path, () => HomeLock.#tryTake(path, folder, name)))
  }

  static #tryTake(path: string, folder: Folder, name: string): HomeLock | undefined {
    createEmpty(folder, name)
    // SQLite says only that it cannot open the file; this names the reason.
    folder.callSync(() => accessSync(folder.at(name), constants.R_OK | constants.W_OK))
    const database = new Database(path, { timeout: 0, fileMustExist: true })
    try {
      database.pragma('journal_mode = MEMORY') // a journal beside the file is of no use, as nothing is ever written
      database.exec('BEGIN EXCLUSIVE')
      return new HomeLock(database)
    } catch (error) {
      database.close()
      if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')) return undefined
      throw new Error(`lock ${path}: ${messageOf(error)}`, { cause: error })
    }
  }

  release(): void {
    this.#database.close()
  }
}

/** Only where there is none: closing a file of one's own drops the locks that the process has on it. */
function createEmpty(folder: Folder, name: string): void {
  try {
    closeSync(makeInSync(folder, name)) // which gives it to the owner of the home, where root is the first
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    assertOurs(folder.lstatSync(name), { folder, name }, 'readWrite', folder.pathOf(name))
  }
}
