/** Strings that are kept for hours: copied out of the message they were cut from, and shared where many are the same. */

const scratch = Buffer.allocUnsafe(16 * 1024)

/**
 * The same text in memory of its own. V8 makes a substring a view of its parent, so that a Contact of 40 octets would
 * keep the whole REGISTER, and a concatenation a tree.
 */
export function ownString(text: string): string {
  if (text.length * 3 > scratch.length) return Buffer.from(text, 'utf16le').toString('utf16le')
  const octets = scratch.write(text, 0, 'utf8')
  if (octets === text.length) return scratch.toString('latin1', 0, octets) // all of it ASCII
  // What came in a message is Latin-1, whatever it means: one octet a character, not two.
  const latin1 = scratch.toString('latin1', 0, scratch.write(text, 0, 'latin1'))
  if (latin1 === text) return latin1
  return scratch.toString('utf16le', 0, scratch.write(text, 0, 'utf16le'))
}

/** Gives the one kept copy of texts that repeat, such as User-Agent. */
export class SharedStrings {
  readonly #most: number
  readonly #kept = new Map<string, string>()

  /** With so many different ones it begins again: those in use go on, and callers that send noise cost no more than this. */
  constructor(most = 1024) {
    this.#most = most
  }

  share(text: string): string {
    const kept = this.#kept.get(text)
    if (kept !== undefined) return kept
    if (this.#kept.size >= this.#most) this.#kept.clear()
    const own = ownString(text)
    this.#kept.set(own, own)
    return own
  }
}
