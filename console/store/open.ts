/** Opens the console's database: history, incidents and mail that waits, in one file, so that they change together. */
import { join } from 'node:path'
import { foldersOf, type Home } from '../../lib/home/home.ts'
import { openSqlite, type Sqlite } from '../../lib/sql/sqlite.ts'
import { consoleMigrations } from './schema.ts'

export function consoleDatabasePath(home: Home): string {
  return join(foldersOf(home, 'console').data, 'console.sqlite')
}

/** For the one process that writes. Throws UnusableDatabase, or what SQLite says. */
export function openConsoleDatabase(path: string): Sqlite {
  return openSqlite(path, { migrations: consoleMigrations, journalSizeLimitOctets: 8 * 1024 * 1024 })
}

/** For those who only look: they keep nobody waiting. Throws as above, also where the console never ran. */
export function readConsoleDatabase(home: Home): Sqlite {
  return openSqlite(consoleDatabasePath(home), { migrations: [], isReadOnly: true })
}
