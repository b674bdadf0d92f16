/** A text that must not be printed: a password or a shared secret. Whoever needs it has to say so. */
import { inspect } from 'node:util'

const mask = '***'

export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** The text itself, for the peer that it is shared with; never for a log. */
  reveal(): string {
    return this.#text
  }

  toString(): string {
    return mask
  }

  toJSON(): string {
    return mask
  }

  [inspect.custom](): string {
    return mask
  }
}
