/** The file that keeps the static routes: its schema, and what is read from and written to it. */
import { openCopy } from '../../lib/sql/copy.ts'
import { openSqlite, type Sqlite } from '../../lib/sql/sqlite.ts'
import { type Column, columns, formatRoute, mostRoutes, type Route, type RouteTexts, readRoute } from './route.ts'

/** By the schema's version; a step that was released stays as it is. */
const migrations: readonly string[] = [
  `CREATE TABLE route (
     id INTEGER PRIMARY KEY,
     destination_pattern TEXT NOT NULL,
     type TEXT NOT NULL,
     next_hop TEXT NOT NULL,
     next_hop_port TEXT NOT NULL,
     transport TEXT NOT NULL,
     priority TEXT NOT NULL,
     weight TEXT NOT NULL,
     tech_prefix_action TEXT NOT NULL,
     allow_less_specific TEXT NOT NULL,
     block TEXT NOT NULL,
     in_service TEXT NOT NULL,
     label TEXT NOT NULL,
     UNIQUE (type, destination_pattern, next_hop, next_hop_port, transport)
   ) STRICT;
   CREATE TABLE revision (number INTEGER NOT NULL) STRICT;
   INSERT INTO revision VALUES (0);`,
]

const keyColumns: readonly Column[] = ['type', 'destination_pattern', 'next_hop', 'next_hop_port', 'transport']
const names = columns.join(', ')
const isKey = keyColumns.map((column) => `${column} = @${column}`).join(' AND ')
const rowsAtOnce = 500

interface Row extends RouteTexts {
  readonly id: number
}

/** More routes than there may be; nothing was written. */
export class TooManyRoutes extends Error {}

export interface Written {
  readonly added: number
  readonly updated: number
}

/** Whoever has it open for writing writes each change in one transaction; readers see all of it or nothing. */
export class RoutesFile {
  readonly #database: Sqlite

  /**
   * Opens or makes it; a copy is what the file holds at this moment, and nothing is written. Throws UnusableDatabase, or what SQLite
   * says when a disk or a lock is the trouble.
   */
  constructor(path: string, { isCopy = false } = {}) {
    this.#database = isCopy ? openCopy(path, migrations) : openSqlite(path, { migrations, synchronous: 'FULL' })
  }

  /** Another one after every write, in this file and in one that takes its place. */
  revision(): number {
    return this.#database.prepare<[], { number: number }>('SELECT number FROM revision').get()?.number ?? 0
  }

  /** All routes in the order in which they were entered, a page at a time: so that who has to answer requests meanwhile can. */
  *pages(): IterableIterator<readonly Route[]> {
    const select = this.#database.prepare<[number], Row>(
      `SELECT id, ${names} FROM route WHERE id > ? ORDER BY id LIMIT ${rowsAtOnce}`,
    )
    for (let after = 0; ; ) {
      const rows = select.all(after)
      const last = rows.at(-1)
      if (!last) return
      yield rows.flatMap(routeOf)
      after = last.id
    }
  }

  all(): Route[] {
    return [...this.pages()].flat()
  }

  /** Adds routes, or changes those that lead the same pattern to the same place. Throws TooManyRoutes. */
  put(routes: readonly Route[]): Written {
    return this.#write(() => this.#put(routes))
  }

  /** These routes are all there are from now on. */
  replaceAll(routes: readonly Route[]): Written {
    return this.#write(() => {
      this.#database.exec('DELETE FROM route')
      return this.#put(routes)
    })
  }

  remove(routes: readonly Route[]): void {
    const remove = this.#database.prepare(`DELETE FROM route WHERE ${isKey}`)
    this.#write(() => {
      for (const route of routes) remove.run(formatRoute(route))
    })
  }

  close(): void {
    this.#database.close()
  }

  #put(routes: readonly Route[]): Written {
    const update = this.#database.prepare(
      `UPDATE route SET ${columns.map((column) => `${column} = @${column}`).join(', ')} WHERE ${isKey}`,
    )
    const insert = this.#database.prepare(
      `INSERT INTO route (${names}) VALUES (${columns.map((column) => `@${column}`).join(', ')})`,
    )
    let added = 0
    for (const route of routes) {
      const texts = formatRoute(route)
      if (update.run(texts).changes > 0) continue
      insert.run(texts)
      added++
    }
    const count = this.#database.prepare<[], { n: number }>('SELECT count(*) AS n FROM route').get()?.n ?? 0
    if (count > mostRoutes) throw new TooManyRoutes(`${count} routes are more than the ${mostRoutes} that there may be`)
    return { added, updated: routes.length - added }
  }

  #write<T>(change: () => T): T {
    // Immediate: a transaction that reads first and writes then fails at once where another one writes.
    return this.#database
      .transaction(() => {
        const result = change()
        // Within 53 bits, which a number here holds.
        this.#database.exec('UPDATE revision SET number = random() / 2048')
        return result
      })
      .immediate()
  }
}

/** A row that a later version wrote may be none here, and is passed over. */
function routeOf(row: Row): Route[] {
  const read = readRoute(row)
  return 'route' in read ? [read.route] : []
}
