/** What a restart must not forget: when each log was rotated last, which rotations are under way, and which alarms were raised. */

import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { messageOf } from '../../../lib/errors.ts'
import { writeFileAtomic } from '../../../lib/files/files.ts'
import { brokenSentence, readState } from '../../../lib/files/state-file.ts'
import type { Log } from '../../../lib/log/log.ts'

interface Kept {
  /** By path of the live file: when it began, in milliseconds since 1970. */
  readonly beganMs: Readonly<Record<string, number>>
  /** By path of the moved file: the path of the live one. */
  readonly unfinished: Readonly<Record<string, string>>
  /** Folders of logs whose disk was below its floor. Left out by versions that did not keep them. */
  readonly alarmed?: readonly string[]
  /** Those of them whose alarm may not have been notified yet; the word is that of the files of earlier versions. */
  readonly untold?: readonly string[]
}

export class RotationState {
  readonly #path: string | undefined
  readonly #log: Log
  #beganMs = new Map<string, number>()
  #unfinished = new Map<string, string>()
  #alarmed = new Set<string>()
  #unnotified = new Set<string>()
  #isChanged = false
  #isFailing = false
  #writing: Promise<void> = Promise.resolve()

  /** Without a path nothing is kept. */
  constructor(path: string | undefined, log: Log) {
    this.#path = path
    this.#log = log
  }

  /** A file that cannot be read is none: the names of the rotated files say nearly all of it. */
  async load(): Promise<void> {
    if (this.#path === undefined) return
    const found = await readState(this.#path, (text) => parseKept(JSON.parse(text)))
    if (found.kind === 'broken')
      this.#log.error(
        'cannot read the state of rotations; intervals begin again, and raised disk alarms are forgotten',
        {
          error: brokenSentence(this.#path, found),
        },
      )
    if (found.kind !== 'read') return
    const { beganMs, unfinished, alarmed, untold } = found.value
    this.#beganMs = new Map(Object.entries(beganMs))
    this.#unfinished = new Map(Object.entries(unfinished))
    this.#alarmed = new Set(alarmed)
    this.#unnotified = new Set(untold)
  }

  beganMs(livePath: string): number | undefined {
    return this.#beganMs.get(livePath)
  }

  setBeganMs(livePath: string, ms: number): void {
    this.#beganMs.set(livePath, ms)
    this.#isChanged = true
  }

  /** The moved files of a log that were under way. */
  unfinishedOf(livePath: string): string[] {
    return [...this.#unfinished].filter(([, live]) => live === livePath).map(([moved]) => moved)
  }

  begin(movedPath: string, livePath: string): void {
    this.#unfinished.set(movedPath, livePath)
    this.#isChanged = true
  }

  finish(movedPath: string): void {
    if (this.#unfinished.delete(movedPath)) this.#isChanged = true
  }

  isAlarmed(folder: string): boolean {
    return this.#alarmed.has(folder)
  }

  setAlarmed(folder: string, isAlarmed: boolean): void {
    if (isAlarmed === this.#alarmed.has(folder)) return
    if (isAlarmed) {
      this.#alarmed.add(folder)
      this.#unnotified.add(folder)
    } else {
      this.#alarmed.delete(folder)
      this.#unnotified.delete(folder)
    }
    this.#isChanged = true
  }

  isNotified(folder: string): boolean {
    return this.#alarmed.has(folder) && !this.#unnotified.has(folder)
  }

  setNotified(folder: string): void {
    if (this.#unnotified.delete(folder)) this.#isChanged = true
  }

  /** Resolves when what changed is durable, or cannot be: the disk may be full, and rotation must go on then above all. */
  save(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write())
    return this.#writing
  }

  async #write(): Promise<void> {
    if (!this.#isChanged || this.#path === undefined) return
    const kept: Kept = {
      beganMs: Object.fromEntries(this.#beganMs),
      unfinished: Object.fromEntries(this.#unfinished),
      alarmed: [...this.#alarmed],
      untold: [...this.#unnotified],
    }
    this.#isChanged = false
    try {
      await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
      await writeFileAtomic(this.#path, `${JSON.stringify(kept, null, 2)}\n`)
      this.#isFailing = false
    } catch (error) {
      this.#isChanged = true
      const message = messageOf(error)
      if (!this.#isFailing)
        this.#log.warn('the state of rotations could not be written', { path: this.#path, error: message })
      this.#isFailing = true
    }
  }
}

function parseKept(value: unknown): Kept {
  if (typeof value !== 'object' || value === null) throw new Error('expected an object')
  const { beganMs, unfinished, alarmed = [], untold = [] }: { [K in keyof Kept]?: unknown } = value
  if (!isRecordOf(beganMs, isNumber) || !isRecordOf(unfinished, isString))
    throw new Error('expected times in beganMs and paths in unfinished')
  if (!Array.isArray(alarmed) || !Array.isArray(untold))
    throw new Error('expected lists of folders in alarmed and untold')
  return {
    beganMs,
    unfinished,
    alarmed: alarmed.map(String),
    untold: untold.map(String),
  }
}

function isRecordOf<T>(value: unknown, is: (one: unknown) => one is T): value is Record<string, T> {
  return typeof value === 'object' && value !== null && Object.values(value).every(is)
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number'
}

function isString(value: unknown): value is string {
  return typeof value === 'string'
}
