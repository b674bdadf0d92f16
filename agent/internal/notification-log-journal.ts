/**
 * The notification log on disk: a line for each entry, so that it outlives the agent and its indexes go on. Written behind the
 * agent's back: a slow or full disk delays no notification.
 */
import { setImmediate } from 'node:timers/promises'

import { errorOf, isMissing, messageOf } from '../../lib/errors.ts'
import { writeFileAtomic } from '../../lib/files/files.ts'
import { readRegularFile } from '../../lib/files/regular-file.ts'
import { reportWrite } from '../../lib/files/storage.ts'
import type { Log } from '../../lib/log/log.ts'
import { fieldsOf } from '../../lib/text/fields.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import { atPlace } from '../../lib/trust/folder.ts'
import { openIn } from '../../lib/trust/open.ts'
import { type LoggedNotification, lastOfIndexes, type NotificationSource } from './notification-log-entries.ts'
import { decodeLogged } from './notification-log-message.ts'

/**
 * Indexes that are on disk as used before they are: an agent that is killed before an entry reaches the disk does not use its
 * index again, which a manager may have read.
 */
const indexesAhead = 1000
/** The file is written whole again when it has this much more than twice what is held. */
const slackOctets = 1024 * 1024
/** More than the log may hold in memory, in base64, twice. */
const mostOctets = 128 * 1024 * 1024
const tryAgainMs = 5000
/** Of a whole file; between them the agent answers. */
const linesAtOnce = 200

export interface JournalOptions {
  readonly path: string
  readonly log: Log
  readonly clock: Clock
  readonly held: () => readonly LoggedNotification[]
}

export interface Kept {
  readonly entries: readonly LoggedNotification[]
  /** Indexes go on after it. */
  readonly lastIndex: number
}

interface Reservation {
  readonly usedUntil: number
}

export class NotificationJournal {
  readonly #options: JournalOptions
  #waiting: string[] = []
  #usedUntil = 0
  #octets = 0
  /** Of the file when it was last written whole. */
  #octetsOfWhole = 0
  /** Whether the file is to be written whole: it has not what is held. */
  #isWholeDue = true
  #writing: Promise<void> | undefined
  #retry: Timer | undefined

  constructor(options: JournalOptions) {
    this.#options = options
  }

  /** What earlier processes logged; lines that are cut short or are none are left out. Never rejects. */
  async read(): Promise<Kept> {
    const { path, log } = this.#options
    let text = ''
    try {
      text = (await readRegularFile(path, mostOctets)).octets.toString('utf8')
    } catch (error) {
      if (!isMissing(error))
        log.error('the notification log of earlier starts cannot be read', { error: messageOf(error) })
    }
    // A line that was cut short has no end: what is appended would be part of it.
    this.#isWholeDue = !text.endsWith('\n')
    this.#octets = text.length
    this.#octetsOfWhole = text.length
    const lines = text.split('\n').flatMap((line) => this.#lineOf(line) ?? [])
    const entries = lines.flatMap((line) => ('usedUntil' in line ? [] : [line]))
    const reservations = lines.flatMap((line) => ('usedUntil' in line ? [line.usedUntil] : []))
    return { entries, lastIndex: reservations.at(-1) ?? entries.at(-1)?.index ?? 0 }
  }

  /** A line of it is written as soon as the line before is. */
  add(entry: LoggedNotification): void {
    if (entry.index > this.#usedUntil || this.#usedUntil - entry.index > indexesAhead) {
      this.#usedUntil = Math.min(entry.index + indexesAhead, lastOfIndexes)
      this.#waiting.push(lineText({ usedUntil: this.#usedUntil }))
    }
    this.#waiting.push(entryText(entry))
    this.#write()
  }

  /** Resolves when what was added is on disk, or was refused by it. */
  async stop(): Promise<void> {
    this.#retry?.cancel()
    await this.#writing
  }

  /** Undefined of what is no line of ours: the last one of a process that was killed may be cut short. */
  #lineOf(text: string): LoggedNotification | Reservation | undefined {
    const { index, loggedAtMs, source, message, usedUntil } = parsed(text)
    if (typeof usedUntil === 'number') return { usedUntil }
    if (typeof index !== 'number' || typeof loggedAtMs !== 'number' || !isSource(source)) return undefined
    const octets = new Uint8Array(Buffer.from(typeof message === 'string' ? message : '', 'base64'))
    const variables = variablesOf(octets)
    if (variables === undefined) return undefined
    const { clock } = this.#options
    const loggedMonotonicMs = clock.monotonicMs() - Math.max(0, clock.now() - loggedAtMs)
    return { index, loggedAtMs, loggedMonotonicMs, upTimeTicks: 0, source, variables, message: octets }
  }

  #write(): void {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined
    })
  }

  async #writeAll(): Promise<void> {
    const { path, log, clock } = this.#options
    try {
      while (this.#isWholeDue || this.#waiting.length > 0) {
        if (this.#octets > 2 * this.#octetsOfWhole + slackOctets) this.#isWholeDue = true
        await (this.#isWholeDue ? this.#writeWhole() : this.#append())
      }
    } catch (error) {
      this.#waiting = []
      this.#isWholeDue = true
      reportWrite(path, errorOf(error))
      log.error('the notification log cannot be kept on disk; it is tried again', { error: messageOf(error) })
      this.#retry?.cancel()
      this.#retry = clock.after(tryAgainMs, () => this.#write())
    }
  }

  async #writeWhole(): Promise<void> {
    this.#waiting = []
    this.#isWholeDue = false
    const parts = [Buffer.from(lineText({ usedUntil: this.#usedUntil }))]
    const held = [...this.#options.held()]
    for (let from = 0; from < held.length; from += linesAtOnce) {
      const slice = held.slice(from, from + linesAtOnce)
      parts.push(Buffer.from(slice.map(entryText).join('')))
      await setImmediate()
    }
    const content = Buffer.concat(parts)
    await writeFileAtomic(this.#options.path, content)
    this.#octets = content.length
    this.#octetsOfWhole = content.length
  }

  async #append(): Promise<void> {
    const text = this.#waiting.join('')
    this.#waiting = []
    await atPlace(this.#options.path, async (folder, name) => {
      const file = await openIn(folder, name, 'append')
      try {
        await file.writeFile(text)
      } finally {
        await file.close()
      }
    })
    reportWrite(this.#options.path)
    this.#octets += text.length
  }
}

function entryText({ index, loggedAtMs, source, message }: LoggedNotification): string {
  return lineText({ index, loggedAtMs, source, message: Buffer.from(message).toString('base64') })
}

function lineText(fields: Reservation | Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify(fields)}\n`
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return fieldsOf(JSON.parse(text))
  } catch {
    return {}
  }
}

/** How many there are; undefined of octets that are no notification. */
function variablesOf(octets: Uint8Array): number | undefined {
  try {
    return decodeLogged(octets).varbinds.length
  } catch {
    return undefined
  }
}

function isSource(value: unknown): value is NotificationSource {
  return value === 'agent' || value === 'subagents' || value === 'sipd' || value === 'others'
}
