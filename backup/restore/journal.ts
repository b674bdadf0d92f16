/** What a restore has changed, written down before each change, so that all of it can be taken back in the reverse order. */
import { appendFileSync, closeSync, fsyncSync, openSync, readFileSync } from 'node:fs'
import { isMissing } from '../../lib/errors.ts'
import type { Traits } from './place.ts'

export type Change =
  /** What was at `path` is content number `kept` now. */
  | { readonly change: 'away'; readonly path: string; readonly kept: number }
  /** Something new is at `path`. */
  | { readonly change: 'in'; readonly path: string }
  | { readonly change: 'madeFolder'; readonly path: string }
  | { readonly change: 'removedFolder'; readonly path: string; readonly traits: Traits }
  | { readonly change: 'traits'; readonly path: string; readonly traits: Traits }

/** The last line of a restore that came to its end. */
const whole = { change: 'whole' } as const

export interface JournalHead {
  readonly set: string
  readonly node: string
  readonly features: readonly string[]
  readonly restoredMs: number
  /** The daemons that were stopped for it. */
  readonly stopped: readonly string[]
}

export interface ReadJournal {
  readonly head: JournalHead
  readonly changes: readonly Change[]
  /** False where the restore was killed: what is there is neither the old nor the new. */
  readonly isWhole: boolean
}

export class Journal {
  readonly #descriptor: number

  constructor(path: string, head: JournalHead) {
    this.#descriptor = openSync(path, 'wx', 0o600)
    this.#append(head)
    this.sync()
  }

  add(change: Change): void {
    this.#append(change)
  }

  /** What was added survives a power cut. */
  sync(): void {
    fsyncSync(this.#descriptor)
  }

  /** `isWhole`: all that the restore wanted has been done. */
  close(isWhole: boolean): void {
    if (isWhole) this.#append(whole)
    this.sync()
    closeSync(this.#descriptor)
  }

  #append(line: JournalHead | Change | typeof whole): void {
    appendFileSync(this.#descriptor, `${JSON.stringify(line)}\n`)
  }
}

/** Undefined where nothing was restored. A last line that was cut off was of a change that did not happen. */
export function readJournal(path: string): ReadJournal | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  const [head, ...changes] = text.split('\n').slice(0, -1)
  if (head === undefined) return undefined
  const isWhole = changes.at(-1) === JSON.stringify(whole)
  return {
    head: JSON.parse(head),
    changes: (isWhole ? changes.slice(0, -1) : changes).map((line) => JSON.parse(line)),
    isWhole,
  }
}
