/** Notifications in the history: each once, however often it was read from the agent's log. */

import type { Sqlite } from '../../lib/sql/sqlite.ts'
import { fieldsOf } from '../../lib/text/fields.ts'
import { Marks } from '../store/marks.ts'
import type { KeptEvent, NotifiedEvent, NotifiedObject } from './event.ts'

interface EventRow {
  readonly id: number
  readonly log_index: number
  readonly at_ms: number
  readonly oid: string
  readonly name: string
  readonly sentence: string | null
  readonly objects: string
}

const lastIndex = 'lastLogIndex'

export class EventHistory {
  readonly #database: Sqlite
  readonly #marks: Marks
  readonly #insert
  readonly #after

  constructor(database: Sqlite) {
    this.#database = database
    this.#marks = new Marks(database)
    this.#insert = database.prepare<[number, number, string, string, string | null, string]>(
      'INSERT OR IGNORE INTO event (log_index, at_ms, oid, name, sentence, objects) VALUES (?, ?, ?, ?, ?, ?)',
    )
    this.#after = database.prepare<[number, number], EventRow>('SELECT * FROM event WHERE id > ? ORDER BY id LIMIT ?')
  }

  /** The index up to which the agent's log was read. */
  get lastIndex(): number {
    return this.#marks.get(lastIndex)
  }

  /** Begins at the start of the log again, whose indexes are lower than they were: what is here already stays as it is. */
  startOver(): void {
    this.#marks.set(lastIndex, 0)
  }

  /** Keeps a page of the log, in one transaction with how far it was read. Gives how many of them were new. */
  add(events: readonly NotifiedEvent[]): number {
    const add = this.#database.transaction(() => {
      let added = 0
      for (const { logIndex, atMs, oid, name, sentence = null, objects } of events)
        added += this.#insert.run(logIndex, atMs, oid, name, sentence, JSON.stringify(objects)).changes
      const last = events.at(-1)
      if (last) this.#marks.set(lastIndex, last.logIndex)
      return added
    })
    return add.immediate()
  }

  /** Those after this id, in the order in which they came. */
  after(id: number, atMost: number): KeptEvent[] {
    return this.#after.all(id, atMost).map(eventOf)
  }
}

/** The newest ones, oldest first; of one kind where `name` is given. */
export function eventsSince(database: Sqlite, sinceMs: number, atMost: number, name?: string): KeptEvent[] {
  const of = name === undefined ? '' : 'AND name = ?'
  const rows = database
    .prepare<unknown[], EventRow>(`SELECT * FROM event WHERE at_ms >= ? ${of} ORDER BY at_ms DESC, id DESC LIMIT ?`)
    .all(...(name === undefined ? [sinceMs, atMost] : [sinceMs, name, atMost]))
  return rows.map(eventOf).toReversed()
}

function eventOf({ id, log_index, at_ms, oid, name, sentence, objects }: EventRow): KeptEvent {
  const parsed: unknown = JSON.parse(objects)
  return {
    id,
    logIndex: log_index,
    atMs: at_ms,
    oid,
    name,
    sentence: sentence ?? undefined,
    objects: Array.isArray(parsed) ? parsed.flatMap(objectOf) : [],
  }
}

function objectOf(kept: unknown): NotifiedObject[] {
  const { name, oid, text, number } = fieldsOf(kept)
  if (typeof name !== 'string' || typeof oid !== 'string' || typeof text !== 'string') return []
  return [typeof number === 'number' ? { name, oid, text, number } : { name, oid, text }]
}
