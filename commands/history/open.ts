/** The console's database for commands that look into it, as who may: its owner, or root, who acts as that user. */
import { consoleDatabasePath, readConsoleDatabase } from '../../console/store/open.ts'
import { isNothingAt } from '../../lib/files/files.ts'
import { becomeUserOf } from '../../lib/home/act-as.ts'
import { type Home, requireHome } from '../../lib/home/home.ts'
import type { Sqlite } from '../../lib/sql/sqlite.ts'

/** Throws an Error with what to do where there is no history yet. */
export async function withHistory<T>(home: Home, read: (database: Sqlite) => T): Promise<T> {
  requireHome(home)
  becomeUserOf(home, 'console')
  if (isNothingAt(consoleDatabasePath(home)))
    throw new Error(`the console of ${home.root} never ran, and there is no history; run: castellan start`)
  const database = readConsoleDatabase(home)
  try {
    return read(database)
  } finally {
    database.close()
  }
}
