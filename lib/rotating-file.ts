/** A file that lines are put to, which makes room for itself: NAME becomes NAME.1, NAME.1 becomes NAME.2, and the oldest goes. */
import { appendFileSync, renameSync, rmSync, statSync } from 'node:fs'

export interface RotatingFileOptions {
  readonly path: string
  /** At this size the file is moved aside before the next line. */
  readonly maxOctets: number
  /** Beside the one that is written. */
  readonly filesKept: number
}

export class RotatingFile {
  readonly #options: RotatingFileOptions
  #octets: number | undefined

  constructor(options: RotatingFileOptions) {
    this.#options = options
  }

  /** Throws what the file system throws; the line is then in no file. */
  append(line: string): void {
    const { path, maxOctets } = this.#options
    const octets = Buffer.byteLength(line)
    this.#octets ??= sizeOf(path)
    if (this.#octets > 0 && this.#octets + octets > maxOctets) this.#rotate()
    appendFileSync(path, line, { mode: 0o600 })
    this.#octets += octets
  }

  #rotate(): void {
    const { path, filesKept } = this.#options
    rmSync(`${path}.${filesKept}`, { force: true })
    for (let i = filesKept - 1; i >= 1; i--) move(`${path}.${i}`, `${path}.${i + 1}`)
    if (filesKept > 0) move(path, `${path}.1`)
    else rmSync(path, { force: true })
    this.#octets = 0
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

function move(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
