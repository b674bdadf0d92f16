/** SQLite as everything here that stores opens it: write-ahead log, a schema that moves forward, files for their owner only. */

import { closeSync, mkdirSync, openSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { codeOf, isMissing, messageOf } from '../errors.ts'

export type Sqlite = Database.Database

export interface SqliteOptions {
  /** SQL that takes the schema from `user_version` n to n + 1, by n. Empty for those that only read. */
  readonly migrations: readonly string[]
  readonly isReadOnly?: boolean
  /** FULL survives a power cut with every commit; NORMAL may lose the last of them, and never more than these. */
  readonly synchronous?: 'NORMAL' | 'FULL'
  /** How long a statement waits for another process that writes. */
  readonly busyTimeoutMs?: number
  /** What the log is cut to after a checkpoint. */
  readonly journalSizeLimitOctets?: number
  readonly cacheOctets?: number
}

/** A file that no SQLite of ours can read: broken, no database at all, or of a version after this program's. */
export class UnusableDatabase extends Error {}

/**
 * Opens the file at `path`, made with mode 0600 (and its folder with 0700) where there is none, and brings its schema
 * up to date. Throws UnusableDatabase, or what SQLite says when a disk or a lock is the trouble.
 */
export function openSqlite(path: string, options: SqliteOptions): Sqlite {
  const { migrations, isReadOnly = false, synchronous = 'NORMAL', busyTimeoutMs = 5000 } = options
  const { journalSizeLimitOctets = 64 * 1024 * 1024, cacheOctets = 8 * 1024 * 1024 } = options
  if (!isReadOnly) createEmpty(path)
  let database: Sqlite | undefined
  try {
    database = new Database(path, { readonly: isReadOnly, fileMustExist: true, timeout: busyTimeoutMs })
    database.pragma(`cache_size = ${-Math.ceil(cacheOctets / 1024)}`)
    if (isReadOnly) return database
    useWriteAheadLog(database, busyTimeoutMs)
    database.pragma(`synchronous = ${synchronous}`)
    database.pragma(`journal_size_limit = ${journalSizeLimitOctets}`)
    migrate(database, migrations)
    return database
  } catch (error) {
    database?.close()
    throw isBroken(error) ? new UnusableDatabase(`open ${path}: ${messageOf(error)}`, { cause: error }) : error
  }
}

/** Whether SQLite says of the file itself, not of its disk or its other users, that it is no good. */
export function isBroken(error: unknown): boolean {
  if (error instanceof UnusableDatabase) return true
  if (!(error instanceof Database.SqliteError)) return false
  return error.code.startsWith('SQLITE_CORRUPT') || error.code === 'SQLITE_NOTADB'
}

/** Renames the file and its log to `PATH.broken-SECONDS`, for somebody to look into, and returns that name. */
export function moveAside(path: string, nowMs: number): string {
  const aside = `${path}.broken-${Math.floor(nowMs / 1000)}`
  renameSync(path, aside)
  for (const suffix of ['-wal', '-shm']) {
    try {
      renameSync(path + suffix, aside + suffix)
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  }
  return aside
}

/** SQLite gives its log and its shared memory the mode of the file, so this one mode is enough. */
function createEmpty(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  try {
    // Only where there is none: closing a file of one's own drops the POSIX locks that another connection has on it.
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
}

const retryMs = 5

/** Of all statements this alone never waits by itself, and several processes may make a new file ready at the same moment. */
function useWriteAheadLog(database: Sqlite, busyTimeoutMs: number): void {
  const untilMs = performance.now() + busyTimeoutMs
  for (;;) {
    try {
      database.pragma('journal_mode = WAL')
      return
    } catch (error) {
      const isBusy = error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')
      if (!isBusy || performance.now() >= untilMs) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryMs)
    }
  }
}

/** Brings the schema up to date, by as many steps as it lacks. */
export function migrate(database: Sqlite, migrations: readonly string[]): void {
  const versionOf = (): number => Number(database.pragma('user_version', { simple: true }))
  if (versionOf() === migrations.length) return
  // Immediate, and read again inside: several processes may open a new file at the same moment.
  const bringUp = database.transaction(() => {
    const version = versionOf()
    if (version > migrations.length) {
      throw new UnusableDatabase(
        `${database.name} has schema ${version}, and this program knows ${migrations.length}: it is of a later version`,
      )
    }
    for (const step of migrations.slice(version)) database.exec(step)
    database.pragma(`user_version = ${migrations.length}`)
  })
  bringUp.immediate()
}
