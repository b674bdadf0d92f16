/** The live state of all rows in one file of data/, written for many rows at once, so that a busy machine writes it a few times a second. */
import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import { writeFileAtomic } from '../../lib/files.ts'
import type { Log } from '../../lib/log.ts'

export interface StateFileOptions<T> {
  readonly path: string
  readonly clock: Clock
  readonly log: Log
  /** Whether what a file holds is what a row is: another version, or a hand, may have written it. */
  isRow(row: unknown): row is T
}

const gapMs = 100

export class StateFile<T> {
  readonly #options: StateFileOptions<T>
  /** Each row as JSON, so that only those that change are made anew. */
  readonly #rows = new Map<string, string>()
  #isDirty = false
  #next: Promise<void> | undefined
  #writing: Promise<void> = Promise.resolve()
  #isEnding = false
  #endGap: (() => void) | undefined

  constructor(options: StateFileOptions<T>) {
    this.#options = options
  }

  /** Reads what there is; a file that is broken is told of, and nothing is known then. */
  async load(): Promise<ReadonlyMap<string, T>> {
    const { path, log, isRow } = this.#options
    try {
      const known = new Map<string, T>()
      for (const [key, row] of Object.entries(JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>)) {
        if (!isRow(row)) throw new Error(`row ${key} is not understood`)
        known.set(key, row)
      }
      for (const [key, row] of known) this.#rows.set(key, JSON.stringify(row))
      return known
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        log.error('the state of the log files could not be read; they are followed from their ends', { path, error })
      return new Map()
    }
  }

  put(key: string, row: T): void {
    const json = JSON.stringify(row)
    if (this.#rows.get(key) === json) return
    this.#rows.set(key, json)
    this.#isDirty = true
  }

  delete(key: string): void {
    if (this.#rows.delete(key)) this.#isDirty = true
  }

  /** Resolves when everything put before is durable. Throws what the file system throws; the next commit tries again. */
  commit(): Promise<void> {
    if (!this.#isDirty && !this.#next) return this.#writing
    this.#next ??= this.#afterGap().then(() => {
      this.#next = undefined
      this.#writing = this.#write()
      return this.#writing
    })
    return this.#next
  }

  /** From now on nothing waits to be written together with what others put. */
  hurry(): void {
    this.#isEnding = true
    this.#endGap?.()
  }

  /** As commit, at once: at the end. */
  async flush(): Promise<void> {
    await this.#writing.catch(() => {})
    if (this.#isDirty) await this.#write()
  }

  async #afterGap(): Promise<void> {
    await this.#writing.catch(() => {})
    if (this.#isEnding) return
    await new Promise<void>((resolve) => {
      this.#endGap = resolve
      this.#options.clock.after(gapMs, resolve)
    })
  }

  async #write(): Promise<void> {
    if (!this.#isDirty) return
    this.#isDirty = false
    const { path } = this.#options
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      const rows = [...this.#rows].map(([key, json]) => `${JSON.stringify(key)}:${json}`)
      await writeFileAtomic(path, `{${rows.join(',\n')}}\n`)
    } catch (error) {
      this.#isDirty = true
      throw error
    }
  }
}
