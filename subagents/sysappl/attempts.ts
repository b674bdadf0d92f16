/** Does what may fail and is tried again: that it fails is logged when it begins to. */
import type { Log } from '../../lib/log/log.ts'

export class Attempts {
  readonly #log: Log
  readonly #failing = new Set<string>()

  constructor(log: Log) {
    this.#log = log
  }

  /** Never rejects. */
  async run(what: string, act: () => Promise<unknown>): Promise<void> {
    try {
      await act()
      this.#failing.delete(what)
    } catch (error) {
      if (!this.#failing.has(what))
        this.#log.error('applications could not be looked at, and rows keep their last values', { what, error })
      this.#failing.add(what)
    }
  }
}
