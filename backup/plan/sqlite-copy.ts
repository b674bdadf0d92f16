/** A copy of an SQLite database as it is at one moment, whoever writes to it meanwhile (https://sqlite.org/backup.html). */
import { basename, dirname } from 'node:path'
import Database from 'better-sqlite3'
import { asOwnerOf } from '../../lib/trust/as-owner.ts'
import { Folder } from '../../lib/trust/folder.ts'

/** Between two steps others can write; in a database of 100 MB this makes 25 of them. */
const pagesAtOnce = 1000

/** Throws what SQLite says, or RefusedPathError. */
export async function copyDatabase(path: string, to: string, signal: AbortSignal): Promise<void> {
  const source = await openAsOwner(path)
  try {
    await source.backup(to, {
      progress() {
        signal.throwIfAborted()
        return pagesAtOnce
      },
    })
  } finally {
    source.close()
  }
}

/** SQLite opens files by their names, and its log as soon as something is read: both with the rights of the folder's owner. */
async function openAsOwner(path: string): Promise<Database.Database> {
  const folder = await Folder.open(dirname(path), path)
  try {
    return asOwnerOf(folder, path, () => {
      const name = folder.isReachedByName && !folder.isWritableByOthers ? path : folder.at(basename(path))
      const database = new Database(name, { readonly: true, fileMustExist: true, timeout: 5000 })
      try {
        // Held until it is closed, so that the copy is of this moment and needs no second try.
        database.exec('BEGIN')
        database.prepare('SELECT count(*) FROM sqlite_schema').get()
        return database
      } catch (error) {
        database.close()
        throw error
      }
    })
  } finally {
    folder.close()
  }
}
