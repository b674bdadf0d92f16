/** The live state of all rows in one file of data/, written for many rows at once, so that a busy machine writes it a few times a second. */
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { writeFileAtomic } from '../../lib/files/files.ts'
import { brokenSentence, readState } from '../../lib/files/state-file.ts'
import type { Log } from '../../lib/log/log.ts'
import type { Clock } from '../../lib/time/clock.ts'

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
  /** Each row as JSON, so that only those that change are formatted again. */
  readonly #rows = new Map<string, string>()
  #isDirty = false
  #next: Promise<void> | undefined
  #writing: Promise<void> = Promise.resolve()
  #isEnding = false
  #endGap: (() => void) | undefined

  constructor(options: StateFileOptions<T>) {
    this.#options = options
  }

  /** Reads what there is. Of a file that is broken nothing is known, and `problem` says so. */
  async load(): Promise<{ readonly known: ReadonlyMap<string, T>; readonly problem?: string }> {
    const { path, log, isRow } = this.#options
    const found = await readState(path, (text) => {
      const content: Record<string, unknown> = JSON.parse(text)
      const rows = Object.entries(content)
      return new Map(
        rows.map(([key, row]): [string, T] => {
          if (!isRow(row)) throw new Error(`it does not hold the state of row ${key}`)
          return [key, row]
        }),
      )
    })
    if (found.kind === 'broken') {
      const problem = brokenSentence(path, found)
      log.error('cannot read the state of the log files; they are followed from their ends', { error: problem })
      return { known: new Map(), problem }
    }
    const known: ReadonlyMap<string, T> = found.kind === 'read' ? found.value : new Map()
    for (const [key, row] of known) this.#rows.set(key, JSON.stringify(row))
    return { known }
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
