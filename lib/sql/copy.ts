/**
 * A database in memory, of what a file and its log hold: for a file that SQLite cannot open, since a disk without room, or one
 * that is read-only, takes neither its lock nor its shared memory.
 */
import { readFileSync, statSync } from 'node:fs'
import Database from 'better-sqlite3'
import { isMissing, messageOf } from '../errors.ts'
import { isBroken, migrate, type Sqlite, UnusableDatabase } from './sqlite.ts'
import { committedIn } from './wal.ts'

/** How often what changes while it is read is read again. */
const attempts = 3
/** Of the header: how the file is written and read, 2 with a write-ahead log; a database in memory has none. */
const versionsAt = 18

/** Brings the schema of the copy up to date. Throws UnusableDatabase, or what the file system says; the file is only read. */
export function openCopy(path: string, migrations: readonly string[]): Sqlite {
  const octets = contentOf(path)
  if (octets.length > versionsAt + 1) octets.fill(1, versionsAt, versionsAt + 2)
  let database: Sqlite | undefined
  try {
    database = new Database(octets)
    migrate(database, migrations)
    return database
  } catch (error) {
    database?.close()
    throw isBroken(error) ? new UnusableDatabase(`read ${path}: ${messageOf(error)}`, { cause: error }) : error
  }
}

/** The file with all that its log has committed, as a checkpoint would leave it. */
function contentOf(path: string): Buffer {
  for (let attempt = 1; ; attempt++) {
    const before = changesOf(path)
    const file = readFileSync(path)
    const log = readLog(`${path}-wal`)
    if (attempt === attempts || changesOf(path) === before) return withLog(file, log)
  }
}

function withLog(file: Buffer, log: Buffer): Buffer {
  const committed = committedIn(log)
  if (!committed) return file
  const { pages, pageOctets, databasePages } = committed
  const whole = Buffer.alloc(databasePages * pageOctets)
  file.copy(whole)
  for (const [number, page] of pages) if (number <= databasePages) page.copy(whole, (number - 1) * pageOctets)
  return whole
}

function readLog(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    if (isMissing(error)) return Buffer.alloc(0)
    throw error
  }
}

function changesOf(path: string): string {
  const of = (name: string): string => {
    const stats = statSync(name, { throwIfNoEntry: false })
    return stats ? `${stats.ino} ${stats.size} ${stats.mtimeMs}` : ''
  }
  return `${of(path)} ${of(`${path}-wal`)}`
}
