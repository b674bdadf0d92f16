/** Tells of one change of a file that is open: which file that is does not depend on names any more. */
import { type FSWatcher, watch } from 'node:fs'

export class FileWatch {
  readonly #changed: () => void
  #watcher: FSWatcher | undefined

  constructor(changed: () => void) {
    this.#changed = changed
  }

  /** One event ends the watch until this is called again: a busy file costs no event a line. */
  begin(descriptor: number): void {
    if (this.#watcher) return
    const awake = (): void => {
      this.end()
      this.#changed()
    }
    try {
      this.#watcher = watch(`/proc/self/fd/${descriptor}`, { persistent: false }, awake)
      this.#watcher.on('error', awake)
    } catch {
      // There are no more watches to be had, and the next poll sees it.
    }
  }

  end(): void {
    this.#watcher?.close()
    this.#watcher = undefined
  }
}
