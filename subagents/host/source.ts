/** Where /proc and /sys are read: by root, for saved samples; parts that are missing are remembered, and told once. */
import { closeSync, existsSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs'
import type { Log } from '../../lib/log.ts'

/** /proc gives no size, and nothing that is read here is longer, on machines of less than some hundred processors. */
const largest = 1 << 20

export class Source {
  readonly root: string
  readonly #buffer = Buffer.allocUnsafe(4096)
  readonly #missing = new Set<string>()
  #told: Set<string> | undefined

  constructor(root = '') {
    this.root = root
  }

  /** A part of /proc or /sys without which rows are left out; undefined where it is missing or may not be read. */
  need(path: string): string | undefined {
    const text = this.read(path)
    if (text === undefined) this.#missing.add(path)
    return text
  }

  /** As `need`, for what is not everywhere. */
  read(path: string, encoding: BufferEncoding = 'utf8'): string | undefined {
    let file: number
    try {
      file = openSync(this.root + path, 'r')
    } catch {
      return undefined
    }
    try {
      const length = readSync(file, this.#buffer, 0, this.#buffer.length, null)
      if (length < this.#buffer.length) return this.#buffer.toString(encoding, 0, length)
      return this.#readOn(file, length, encoding)
    } catch {
      return undefined
    } finally {
      closeSync(file)
    }
  }

  #readOn(file: number, length: number, encoding: BufferEncoding): string {
    const parts = [Buffer.from(this.#buffer.subarray(0, length))]
    for (let total = length; total < largest; ) {
      const got = readSync(file, this.#buffer, 0, this.#buffer.length, null)
      if (got === 0) break
      parts.push(Buffer.from(this.#buffer.subarray(0, got)))
      total += got
    }
    return Buffer.concat(parts).toString(encoding)
  }

  /** Names in a folder, sorted; none, and remembered as missing, where there is no such folder. */
  needNames(path: string): string[] {
    const names = this.names(path)
    if (!names) this.#missing.add(path)
    return names ?? []
  }

  /** Whether there is such a folder, for what is read by another; remembered as missing where there is none. */
  needFolder(path: string): boolean {
    const isThere = existsSync(this.root + path)
    if (!isThere) this.#missing.add(path)
    return isThere
  }

  names(path: string): string[] | undefined {
    try {
      return readdirSync(this.root + path).sort()
    } catch {
      return undefined
    }
  }

  link(path: string): string | undefined {
    try {
      return readlinkSync(this.root + path)
    } catch {
      return undefined
    }
  }

  /** One line for all that is missing, and one again only when more is. */
  tellMissing(log: Log): void {
    const untold = [...this.#missing].filter((path) => !this.#told?.has(path))
    this.#told = new Set(this.#missing)
    if (untold.length === 0) return
    log.notice('parts of /proc or /sys are missing here, and the rows they would give are left out', {
      missing: untold.join(' '),
    })
  }
}
