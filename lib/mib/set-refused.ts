/** A SET of this process itself that was refused, and by which of its varbinds. */
import type { SetFailure } from './set.ts'

export class SetRefusedError extends Error {
  readonly failure: SetFailure

  constructor(message: string, failure: SetFailure) {
    super(message)
    this.failure = failure
  }
}
