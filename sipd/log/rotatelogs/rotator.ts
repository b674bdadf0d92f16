/** Lines into files named after the time they begin at; a new one every so many seconds or octets. */

import { closeSync, fstatSync, openSync, readdirSync, writeSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { errorOf } from '../../../lib/errors.ts'
import { countLines } from '../line-queue.ts'

export type RotationRule =
  /** Intervals are aligned to 1970; the offset from UTC moves them to local midnights and hours. */
  { readonly everySeconds: number; readonly offsetSeconds: number } | { readonly maxOctets: number }

export interface RotatorOptions {
  /** The files are `PATH.UNIX-TIME`. */
  readonly path: string
  readonly rule: RotationRule
  readonly nowMs: () => number
  /** Gets a sentence when lines begin to be lost, and one when they are written again. */
  readonly complain: (sentence: string) => void
}

interface OpenFile {
  readonly descriptor: number
  readonly name: string
  /** When its interval began; its name has a later time where the clock was behind the files that were there. */
  readonly startSeconds: number
  octets: number
  /** A write stopped within a line; the next has to begin on a line of its own. */
  isTorn: boolean
}

/** A longer line is broken: a writer that never ends one is not to fill the memory. */
const longestLineOctets = 1024 * 1024
const newline = 0x0a

export class Rotator {
  readonly #options: RotatorOptions
  /** The beginning of a line whose end has not come. */
  #tail: Buffer[] = []
  #tailOctets = 0
  #file: OpenFile | undefined
  #lastStartSeconds = Number.NEGATIVE_INFINITY
  #isFailing = false
  #lostLines = 0
  #lostEver = 0

  constructor(options: RotatorOptions) {
    this.#options = options
  }

  get lostLines(): number {
    return this.#lostEver
  }

  /** Takes a piece of the log, cut anywhere. Never throws: what cannot be written is counted. */
  write(chunk: Buffer): void {
    const end = chunk.lastIndexOf(newline) + 1
    if (end > 0) this.#writeLines(this.#takeTail(chunk.subarray(0, end)))
    if (end < chunk.length) {
      this.#tail.push(chunk.subarray(end))
      this.#tailOctets += chunk.length - end
    }
    if (this.#tailOctets > longestLineOctets) this.#endTail()
  }

  /** Writes the line that was not ended, and closes. */
  end(): void {
    if (this.#tailOctets > 0) this.#endTail()
    this.#close()
  }

  #endTail(): void {
    this.#writeLines(this.#takeTail(Buffer.from('\n')))
  }

  #takeTail(rest: Buffer): Buffer {
    const whole = this.#tailOctets > 0 ? Buffer.concat([...this.#tail, rest]) : rest
    this.#tail = []
    this.#tailOctets = 0
    return whole
  }

  #writeLines(lines: Buffer): void {
    let at = 0
    try {
      while (at < lines.length) {
        const file = this.#fileNow()
        if (file.isTorn) this.#append(file, Buffer.from('\n'))
        file.isTorn = false
        at = this.#writeFitting(file, lines, at)
      }
      this.#tellRecovery()
    } catch (error) {
      this.#lose(countLines(lines.subarray(at)), errorOf(error))
    }
  }

  /** As many whole lines as the file has room for; gives where the rest begins. */
  #writeFitting(file: OpenFile, lines: Buffer, from: number): number {
    const { rule } = this.#options
    let to = lines.length
    if ('maxOctets' in rule && file.octets + (to - from) > rule.maxOctets) {
      const room = rule.maxOctets - file.octets
      to = room > 0 ? lines.lastIndexOf(newline, from + room - 1) + 1 : from
      if (to <= from) {
        if (file.octets > 0) {
          this.#close() // the next line does not fit, so a new file is due
          return from
        }
        to = lines.indexOf(newline, from) + 1
      }
    }
    this.#append(file, lines.subarray(from, to))
    return to
  }

  #append(file: OpenFile, octets: Buffer): void {
    let at = 0
    try {
      while (at < octets.length) at += writeSync(file.descriptor, octets, at)
    } catch (error) {
      file.isTorn ||= at > 0 && octets[at - 1] !== newline
      throw error
    } finally {
      file.octets += at
    }
  }

  #fileNow(): OpenFile {
    const { rule, nowMs } = this.#options
    const nowSeconds = Math.floor(nowMs() / 1000)
    if ('maxOctets' in rule) {
      this.#file ??= this.#openBySize(nowSeconds, rule.maxOctets)
      return this.#file
    }
    const { everySeconds, offsetSeconds } = rule
    const startSeconds = Math.floor((nowSeconds + offsetSeconds) / everySeconds) * everySeconds - offsetSeconds
    if (this.#file?.startSeconds !== startSeconds) this.#close()
    if (!this.#file) {
      const newestSeconds = newestOf(this.#options.path)
      // With the clock behind, later lines must not go into a file that counts as older.
      this.#file = this.#open(startSeconds, newestSeconds > startSeconds ? newestSeconds + 1 : startSeconds)
    }
    return this.#file
  }

  /** Two files may be filled within a second: then the later one is named after the next. */
  #openBySize(nowSeconds: number, maxOctets: number): OpenFile {
    const first = Math.max(nowSeconds, this.#lastStartSeconds + 1, newestOf(this.#options.path))
    for (let startSeconds = first; ; startSeconds++) {
      const file = this.#open(startSeconds, startSeconds)
      this.#lastStartSeconds = startSeconds
      if (file.octets < maxOctets) return file
      closeSync(file.descriptor)
    }
  }

  #open(startSeconds: number, nameSeconds: number): OpenFile {
    const name = `${this.#options.path}.${nameSeconds}`
    const descriptor = openSync(name, 'a', 0o600)
    return { descriptor, name, startSeconds, octets: fstatSync(descriptor).size, isTorn: false }
  }

  #close(): void {
    if (this.#file) closeSync(this.#file.descriptor)
    this.#file = undefined
  }

  #lose(lines: number, error: Error): void {
    this.#lostLines += lines
    this.#lostEver += lines
    if (this.#isFailing) return
    this.#isFailing = true
    const what = this.#file?.name ?? this.#options.path
    this.#options.complain(`${what} cannot be written: ${error.message}; lines are lost until it can`)
  }

  #tellRecovery(): void {
    if (!this.#isFailing) return
    this.#options.complain(`${this.#file?.name} is written again; ${this.#lostLines} lines were lost`)
    this.#isFailing = false
    this.#lostLines = 0
  }
}

/** The latest time that a file of this log is named after, compressed or not; minus infinity when there is none. */
function newestOf(path: string): number {
  const prefix = `${basename(path)}.`
  const times = readdirSync(dirname(path)).flatMap((name) => {
    const time = name.startsWith(prefix) ? /^\d{1,12}(?=\.gz$|$)/.exec(name.slice(prefix.length)) : undefined
    return time ? [Number(time[0])] : []
  })
  return Math.max(Number.NEGATIVE_INFINITY, ...times)
}
