/** What is to be told to whom, kept until it was: a row for each message, made in the transaction that made its incident. */
import { randomBytes } from 'node:crypto'
import type { Sqlite } from '../../lib/sql/sqlite.ts'

/** Why it is sent. */
export type LetterKind =
  | 'start'
  | 'end'
  | 'flapping'
  | 'reminder'
  | 'escalation'
  | 'summary'
  | 'digest'
  | 'test'
  | 'heartbeat'

export interface Letter {
  readonly id: number
  /** Null of a summary, a digest, a test and a heartbeat. */
  readonly incident: number | null
  readonly kind: LetterKind
  /** Such as `mail:ops@example.com` or `webhook:chat`. */
  readonly recipient: string
  /** Of mail, and of a webhook's call too: the same when it is repeated. */
  readonly messageId: string
  /** As it was written when it first was due; undefined before. */
  readonly content: string | null
  readonly attempts: number
}

export interface NewLetter {
  readonly incident: number | undefined
  readonly kind: LetterKind
  readonly recipient: string
  readonly dueMs: number
}

const columns = 'id, incident, kind, recipient, message_id AS messageId, content, attempts'
const firstWaitMs = 30_000
const longestWaitMs = 3_600_000
/** Of those that were sent, or refused: for counting what a recipient got, and for whoever looks. */
const keptMs = 30 * 86_400_000

export class Outbox {
  readonly #host: string
  readonly #insert
  readonly #due
  readonly #next
  readonly #write
  readonly #done
  readonly #retry
  readonly #drop
  readonly #waiting
  readonly #sentCount
  readonly #started
  readonly #forget

  /** `host` ends the Message-IDs. */
  constructor(database: Sqlite, host: string) {
    this.#host = host
    this.#insert = database.prepare<[number | null, string, string, string, number]>(
      'INSERT INTO outbox (incident, kind, recipient, message_id, due_ms) VALUES (?, ?, ?, ?, ?)',
    )
    this.#due = database.prepare<[number, number], Letter>(
      `SELECT ${columns} FROM outbox WHERE state = 'waiting' AND due_ms <= ? ORDER BY due_ms, id LIMIT ?`,
    )
    this.#next = database.prepare<[], { due: number | null }>(
      "SELECT min(due_ms) AS due FROM outbox WHERE state = 'waiting'",
    )
    this.#write = database.prepare<[string, number]>('UPDATE outbox SET content = ? WHERE id = ?')
    this.#done = database.prepare<[string, number, string | null, number]>(
      'UPDATE outbox SET state = ?, done_ms = ?, last_error = ? WHERE id = ?',
    )
    this.#retry = database.prepare<[number, string, number]>(
      'UPDATE outbox SET attempts = attempts + 1, due_ms = ?, last_error = ? WHERE id = ?',
    )
    this.#drop = database.prepare<[number, string]>(
      "DELETE FROM outbox WHERE incident = ? AND kind = ? AND state = 'waiting' AND attempts = 0",
    )
    this.#waiting = database.prepare<[string, string], Letter>(
      `SELECT ${columns} FROM outbox WHERE kind = ? AND recipient = ? AND state = 'waiting'`,
    )
    this.#sentCount = database.prepare<[string, number], { count: number }>(
      "SELECT count(*) AS count FROM outbox WHERE recipient = ? AND (done_ms >= ? OR state = 'waiting') AND kind IN ('start', 'end')",
    )
    this.#started = database.prepare<[number, string], Letter>(
      `SELECT ${columns} FROM outbox WHERE incident = ? AND recipient = ? AND kind = 'start'`,
    )
    this.#forget = database.prepare<[number]>("DELETE FROM outbox WHERE state <> 'waiting' AND done_ms < ?")
  }

  add({ incident, kind, recipient, dueMs }: NewLetter): void {
    const messageId = `<${randomBytes(12).toString('hex')}.castellan@${this.#host}>`
    this.#insert.run(incident ?? null, kind, recipient, messageId, dueMs)
  }

  due(nowMs: number, atMost: number): Letter[] {
    return this.#due.all(nowMs, atMost)
  }

  /** When the next one is due; undefined when none waits. */
  nextDueMs(): number | undefined {
    return this.#next.get()?.due ?? undefined
  }

  /** Before it is sent: what is repeated is the same. */
  write(id: number, content: string): void {
    this.#write.run(content, id)
  }

  sent(id: number, nowMs: number): void {
    this.#done.run('sent', nowMs, null, id)
  }

  /** The other side will never take it. */
  refused(id: number, nowMs: number, reason: string): void {
    this.#done.run('refused', nowMs, reason, id)
  }

  /** Later, and ever later. */
  retry({ id, attempts }: Pick<Letter, 'id' | 'attempts'>, nowMs: number, reason: string): void {
    this.#retry.run(nowMs + Math.min(longestWaitMs, firstWaitMs * 2 ** attempts), reason, id)
  }

  /** Takes back what was never tried. True when there was such. */
  drop(incident: number, kind: LetterKind): boolean {
    return this.#drop.run(incident, kind).changes > 0
  }

  waiting(kind: LetterKind, recipient: string): Letter | undefined {
    return this.#waiting.get(kind, recipient)
  }

  /** Single messages about incidents that a recipient got since then, or will get. */
  countSince(recipient: string, sinceMs: number): number {
    return this.#sentCount.get(recipient, sinceMs)?.count ?? 0
  }

  /** The message that told of its start, which others answer to. */
  startOf(incident: number, recipient: string): Letter | undefined {
    return this.#started.get(incident, recipient)
  }

  forget(nowMs: number): void {
    this.#forget.run(nowMs - keptMs)
  }
}
