/**
 * Descriptors that a process keeps for the moment when no other is left: who supervises must be able to look, to start and to stop
 * then above all.
 */
import { closeSync, openSync } from 'node:fs'
import { codeOf } from '../errors.ts'

export class SpareDescriptors {
  readonly #count: number
  readonly #descriptors: number[] = []

  constructor(count: number) {
    this.#count = count
    this.#keep()
  }

  /** How many are in hand: fewer than were asked for while there are none to be had. */
  get size(): number {
    return this.#descriptors.length
  }

  /**
   * Does it with the spare descriptors free, and takes back as many as it left. Only what opens files before it returns: starting a
   * program does, awaiting its end does not.
   */
  lend<T>(act: () => T): T {
    this.release()
    try {
      return act()
    } finally {
      this.#keep()
    }
  }

  /** Does it; once more, with the spare descriptors free, where it finds none. For what has no effect when it throws. */
  retry<T>(act: () => T): T {
    try {
      const result = act()
      this.#keep()
      return result
    } catch (error) {
      if (!isOutOfDescriptors(error) || this.#descriptors.length === 0) throw error
      return this.lend(act)
    }
  }

  release(): void {
    for (const descriptor of this.#descriptors.splice(0)) closeSync(descriptor)
  }

  #keep(): void {
    try {
      while (this.#descriptors.length < this.#count) this.#descriptors.push(openSync('/dev/null', 'r'))
    } catch {
      // None is to be had now: the next call tries again.
    }
  }
}

/** Of this process, or of the whole machine. */
export function isOutOfDescriptors(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'EMFILE' || code === 'ENFILE'
}
