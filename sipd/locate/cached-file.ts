/** A small file of the system as it is now: read again when it was changed, and looked at every other second at most. */
import { readFileSync, statSync } from 'node:fs'
import type { Clock } from '../../lib/time/clock.ts'

const lookAgainMs = 2000

export class CachedFile<T> {
  readonly #path: string
  readonly #clock: Clock
  readonly #parse: (text: string) => T
  #value: T
  #version = ''
  #lookedMs = Number.NEGATIVE_INFINITY

  /** A file that is not there counts as empty. */
  constructor(path: string, clock: Clock, parse: (text: string) => T) {
    this.#path = path
    this.#clock = clock
    this.#parse = parse
    this.#value = parse('')
  }

  get(): T {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#lookedMs < lookAgainMs) return this.#value
    this.#lookedMs = nowMs
    const version = versionOf(this.#path)
    if (version === this.#version) return this.#value
    this.#version = version
    this.#value = this.#parse(read(this.#path))
    return this.#value
  }
}

function versionOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats ? `${stats.dev} ${stats.ino} ${stats.size} ${stats.mtimeMs}` : 'none'
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // it went since it was looked at, or is not for us to read
  }
}
