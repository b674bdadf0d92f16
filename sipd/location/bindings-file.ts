/** The file that keeps the bindings over a restart: its schema, and what is read from and written to it. */
import { statSync } from 'node:fs'
import { openCopy } from '../../lib/sql/copy.ts'
import { isBroken, moveAside, openSqlite, type Sqlite, UnusableDatabase } from '../../lib/sql/sqlite.ts'
import type { Binding, Change } from './binding.ts'
import { bindingLimits } from './limits.ts'

/** By the schema's version; a step that was released stays as it is. */
export const bindingMigrations: readonly string[] = [
  `CREATE TABLE binding (
     address_of_record TEXT NOT NULL,
     contact TEXT NOT NULL,
     call_id TEXT NOT NULL,
     cseq INTEGER NOT NULL,
     q INTEGER NOT NULL,             -- thousandths
     expires_at_ms INTEGER NOT NULL, -- since 1970
     flow TEXT,
     path TEXT,                      -- JSON array, NULL when empty
     user_agent TEXT NOT NULL,
     UNIQUE (address_of_record, contact)
   ) STRICT`,
  // Who registered it.
  `ALTER TABLE binding ADD COLUMN source TEXT NOT NULL DEFAULT ''`,
  // Which phone, and which of its flows (RFC 5626).
  `ALTER TABLE binding ADD COLUMN instance TEXT NOT NULL DEFAULT ''`,
  // What the phone can do (RFC 3840).
  `ALTER TABLE binding ADD COLUMN features TEXT NOT NULL DEFAULT ''`,
]

type Row = [
  number,
  string,
  string,
  string,
  number,
  number,
  number,
  string | null,
  string | null,
  string,
  string,
  string,
  string,
]

/** Few enough that a page of the longest rows is a few MB. */
const rowsAtOnce = 500
/** Of a Path as JSON: quotes and commas, and perhaps a few characters that are escaped. */
const pathTextOctets = bindingLimits.pathUris * (bindingLimits.pathUri + 64)
/** Rows that no registration of today could make; earlier versions kept texts of any length. */
const isTooLong = `(length(address_of_record) > ${bindingLimits.addressOfRecord}
  OR length(contact) > ${bindingLimits.contact} OR length(flow) > ${bindingLimits.contact}
  OR length(instance) > ${bindingLimits.instance} OR length(features) > ${bindingLimits.features}
  OR length(path) > ${pathTextOctets})`
const noPath: readonly string[] = Object.freeze([])

export interface BindingsFileOptions {
  readonly busyTimeoutMs?: number
  readonly mostOctets?: number
  /** Reads what the file holds, and nothing of it is written: for a disk that takes nothing. */
  readonly isCopy?: boolean
}

const leastFileOctets = 16 << 20

export class BindingsFile {
  readonly path: string
  readonly #database: Sqlite
  readonly #inode: number | undefined
  readonly #write: (changes: readonly Change[], refreshes: readonly Change[]) => void

  /**
   * Opens or makes it; it grows to `mostOctets` at most. Throws UnusableDatabase, or what SQLite says when a disk or a lock is
   * the trouble.
   */
  constructor(path: string, { busyTimeoutMs, mostOctets, isCopy = false }: BindingsFileOptions = {}) {
    this.path = path
    this.#database = isCopy
      ? openCopy(path, bindingMigrations)
      : openSqlite(path, {
          migrations: bindingMigrations,
          cacheOctets: 32 * 1024 * 1024,
          ...(busyTimeoutMs === undefined ? {} : { busyTimeoutMs }),
        })
    if (mostOctets !== undefined && Number.isFinite(mostOctets)) this.#limitTo(Math.max(leastFileOctets, mostOctets))
    this.#inode = inodeOf(path)
    this.#write = this.#prepareWrite()
  }

  /**
   * Records as they are from now on, in one transaction; of `refreshes` the file has no other contacts, and no address
   * stands in both. Returns when all is in the log of the file.
   */
  write(changes: readonly Change[], refreshes: readonly Change[] = []): void {
    this.#write(changes, refreshes)
  }

  /**
   * Bindings that have not expired, in the order of their rows, their expiry by the wall clock. Call-ID and User-Agent are cut to
   * what is kept of them; rows with anything else that is too long are passed over (`countTooLong`).
   */
  *read(nowMs: number): IterableIterator<[string, Binding]> {
    // In pages instead of one cursor: a page is read in one call, and only a page of rows is garbage at a time.
    const select = this.#database
      .prepare(
        `SELECT rowid, address_of_record, contact, substr(call_id, 1, ${bindingLimits.callId}), cseq, q, expires_at_ms, flow,
             path, substr(user_agent, 1, ${bindingLimits.userAgent}), instance, features, source
           FROM binding WHERE rowid > ? AND expires_at_ms > ? AND NOT coalesce(${isTooLong}, 0)
           ORDER BY rowid LIMIT ${rowsAtOnce}`,
      )
      .raw()
    for (let after = 0; ; ) {
      const rows = select.all(after, nowMs) as Row[]
      for (const [
        ,
        addressOfRecord,
        contact,
        callId,
        cseq,
        q,
        expiresAtMs,
        flow,
        path,
        userAgent,
        instance,
        features,
        source,
      ] of rows) {
        yield [
          addressOfRecord,
          {
            contact,
            callId,
            cseq,
            q,
            expiresAtMs,
            flow: flow ?? undefined,
            path: pathOf(path),
            userAgent,
            instance,
            features,
            source,
          },
        ]
      }
      const last = rows.at(-1)
      if (!last) return
      after = last[0]
    }
  }

  /** Rows that have not expired. */
  count(nowMs: number): number {
    return this.#database.prepare('SELECT count(*) FROM binding WHERE expires_at_ms > ?').pluck().get(nowMs) as number
  }

  /** Of these, the rows that `read` passes over. */
  countTooLong(nowMs: number): number {
    return this.#database
      .prepare(`SELECT count(*) FROM binding WHERE expires_at_ms > ? AND coalesce(${isTooLong}, 0)`)
      .pluck()
      .get(nowMs) as number
  }

  removeExpired(nowMs: number): void {
    this.#database.prepare('DELETE FROM binding WHERE expires_at_ms <= ?').run(nowMs)
  }

  removeAll(): void {
    this.#database.exec('DELETE FROM binding')
  }

  /** False when the name is of another file by now, or of none: what is written here would be lost. */
  isCurrent(): boolean {
    return inodeOf(this.path) === this.#inode
  }

  close(): void {
    this.#database.close()
  }

  #limitTo(octets: number): void {
    const pageOctets = this.#database.pragma('page_size', { simple: true }) as number
    // Never below what the file has already: SQLite takes that instead.
    this.#database.pragma(`max_page_count = ${Math.ceil(octets / pageOctets)}`)
  }

  #prepareWrite(): (changes: readonly Change[], refreshes: readonly Change[]) => void {
    const remove = this.#database.prepare('DELETE FROM binding WHERE address_of_record = ?')
    const removeOthers = this.#database.prepare('DELETE FROM binding WHERE address_of_record = ? AND contact <> ?')
    // In place, because most changes are refreshes: neither the index nor the order of the rows moves.
    const put = this.#database.prepare(
      `INSERT INTO binding (address_of_record, contact, call_id, cseq, q, expires_at_ms, flow, path, user_agent, instance,
           features, source)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET call_id = excluded.call_id, cseq = excluded.cseq, q = excluded.q,
           expires_at_ms = excluded.expires_at_ms, flow = excluded.flow, path = excluded.path,
           user_agent = excluded.user_agent, instance = excluded.instance,
           features = excluded.features, source = excluded.source`,
    )
    const putAll = ([addressOfRecord, bindings]: Change): void => {
      for (const {
        contact,
        callId,
        cseq,
        q,
        expiresAtMs,
        flow,
        path,
        userAgent,
        instance,
        features,
        source,
      } of bindings) {
        const pathText = path.length === 0 ? null : JSON.stringify(path)
        const untilMs = Math.ceil(expiresAtMs)
        const what = [callId, cseq, q, untilMs, flow ?? null, pathText, userAgent, instance, features, source]
        put.run(addressOfRecord, contact, ...what)
      }
    }
    const write = this.#database.transaction((changes: readonly Change[], refreshes: readonly Change[]) => {
      for (const change of changes) {
        const [addressOfRecord, bindings] = change
        if (bindings.length === 1) removeOthers.run(addressOfRecord, bindings[0]!.contact)
        else remove.run(addressOfRecord)
        putAll(change)
      }
      for (const change of refreshes) putAll(change)
    })
    // Immediate: a transaction that reads first and writes then may not wait for another writer, but fails at once.
    return write.immediate
  }
}

/** When the file is broken, moves it aside and returns its new name; undefined when something else was the trouble. */
export function moveAsideIfBroken(path: string, inode: number | undefined, error: unknown, nowMs: number) {
  // Another process may have seen the same and put a new file there already.
  return isBroken(error) && inode !== undefined && inodeOf(path) === inode ? moveAside(path, nowMs) : undefined
}

/** Undefined when there is no such file, or no way to it. */
export function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino
  } catch {
    return undefined
  }
}

function pathOf(text: string | null): readonly string[] {
  if (text === null) return noPath
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    throw new UnusableDatabase('the path of a binding is not JSON', { cause: error })
  }
  if (!Array.isArray(parsed) || !parsed.every((uri) => typeof uri === 'string'))
    throw new UnusableDatabase('the path of a binding is not a list of URIs')
  return parsed
}
