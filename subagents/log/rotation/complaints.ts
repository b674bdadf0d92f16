/** What does not go on with rotations: each sentence once, until there is another about the same file. */
import type { Log } from '../../../lib/log/log.ts'
import type { RotationPolicy } from './policy.ts'

export class Complaints {
  readonly #log: Log
  readonly #failed: (policy: RotationPolicy, sentence: string) => void
  /** The last sentence, by the path that it is about. */
  readonly #sentences = new Map<string, string>()

  constructor(log: Log, failed: (policy: RotationPolicy, sentence: string) => void) {
    this.#log = log
    this.#failed = failed
  }

  add(policy: RotationPolicy, path: string, sentence: string): void {
    if (this.#sentences.get(path) === sentence) return
    this.#sentences.set(path, sentence)
    this.#log.warn('a rotation does not go on; it is tried again', { log: policy.name, sentence })
    this.#failed(policy, sentence)
  }

  /** It went well. */
  clear(path: string): void {
    this.#sentences.delete(path)
  }
}
