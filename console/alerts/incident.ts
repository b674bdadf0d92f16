/** Incidents as they are kept: a crossing and its recovery are one, with a number. */
import type { Sqlite } from '../../lib/sql/sqlite.ts'
import type { KeptEvent } from '../history/event.ts'
import type { Severity, Step } from './kinds.ts'

export interface Incident {
  readonly id: number
  readonly key: string
  readonly kind: string
  readonly severity: Severity
  readonly rule: string
  readonly sentence: string
  readonly endedSentence: string | null
  /** OID of the object that crossed a threshold, in dots. */
  readonly object: string | null
  readonly value: string | null
  readonly advice: string
  readonly startedMs: number
  readonly endedMs: number | null
  readonly acknowledgedMs: number | null
  readonly note: string | null
  readonly flaps: number
  readonly repeats: number
}

const columns = `id, key, kind, severity, rule, sentence, ended_sentence AS endedSentence, object, value, advice,
  started_ms AS startedMs, ended_ms AS endedMs, acknowledged_ms AS acknowledgedMs, note, flaps, repeats`

export class Incidents {
  readonly #open
  readonly #byId
  readonly #lastOf
  readonly #insert
  readonly #end
  readonly #reopen
  readonly #repeat
  readonly #acknowledge
  readonly #since

  constructor(database: Sqlite) {
    const select = (where: string): string => `SELECT ${columns} FROM incident WHERE ${where}`
    this.#open = database.prepare<[string], Incident>(select('key = ? AND ended_ms IS NULL'))
    this.#byId = database.prepare<[number], Incident>(select('id = ?'))
    this.#lastOf = database.prepare<[string, number], Incident>(
      `${select('key = ? AND started_ms >= ?')} ORDER BY id DESC`,
    )
    this.#insert = database.prepare<[Record<string, unknown>]>(`
      INSERT INTO incident (key, kind, severity, rule, sentence, object, value, advice, started_ms, ended_ms)
      VALUES (@key, @kind, @severity, @rule, @sentence, @object, @value, @advice, @startedMs, @endedMs)`)
    this.#end = database.prepare<[number, string, number]>(
      'UPDATE incident SET ended_ms = ?, ended_sentence = ? WHERE id = ?',
    )
    this.#reopen = database.prepare<[number]>(
      'UPDATE incident SET ended_ms = NULL, ended_sentence = NULL, flaps = flaps + 1 WHERE id = ?',
    )
    this.#repeat = database.prepare<[number]>('UPDATE incident SET repeats = repeats + 1 WHERE id = ?')
    this.#acknowledge = database.prepare<[number, string | null, number]>(
      'UPDATE incident SET acknowledged_ms = ?, note = coalesce(?, note) WHERE id = ?',
    )
    this.#since = database.prepare<[number], Incident>(`${select('ended_ms IS NULL OR started_ms >= ?')} ORDER BY id`)
  }

  open(key: string): Incident | undefined {
    return this.#open.get(key)
  }

  byId(id: number): Incident | undefined {
    return this.#byId.get(id)
  }

  /** Those of a key that began since then, the newest first. */
  recent(key: string, sinceMs: number): Incident[] {
    return this.#lastOf.all(key, sinceMs)
  }

  /** Those that are open, and those that began since then. */
  openOrSince(sinceMs: number): Incident[] {
    return this.#since.all(sinceMs)
  }

  begin(
    { kind, key }: Step,
    event: Omit<KeptEvent, 'id'>,
    { rule, severity }: { rule: string; severity: Severity },
  ): Incident {
    const hot = event.objects.find(({ name }) => name.startsWith('mteHotOID'))
    const value = event.objects.find(({ name }) => name.startsWith('mteHotValue'))
    const { lastInsertRowid } = this.#insert.run({
      key,
      kind: kind.name,
      severity,
      rule,
      sentence: sentenceOf(event),
      object: hot?.text ?? null,
      value: value?.text ?? null,
      advice: kind.advice,
      startedMs: event.atMs,
      // What has no end is over at once.
      endedMs: kind.ends.length === 0 ? event.atMs : null,
    })
    return this.#byId.get(Number(lastInsertRowid))!
  }

  end(id: number, event: Pick<KeptEvent, 'atMs' | 'name' | 'sentence' | 'objects'>): void {
    this.#end.run(event.atMs, sentenceOf(event), id)
  }

  /** It was taken for over, and was not. */
  reopen(id: number): void {
    this.#reopen.run(id)
  }

  /** The same began again, while it was open. */
  repeat(id: number): void {
    this.#repeat.run(id)
  }

  /** False where there is none of this number. */
  acknowledge(id: number, atMs: number, note: string | undefined): boolean {
    return this.#acknowledge.run(atMs, note ?? null, id).changes > 0
  }
}

function sentenceOf({ name, sentence, objects }: Pick<KeptEvent, 'name' | 'sentence' | 'objects'>): string {
  return sentence ?? [name, ...objects.slice(0, 5).map((one) => `${one.name} = ${one.text}`)].join(', ')
}
