/** Whole lines that wait for a log, bounded in octets: what does not fit is counted instead of kept. */

export class LineQueue {
  readonly #maxOctets: number
  #waiting: string[] = []
  #waitingOctets = 0
  /** Taken by the writer and not written yet; it takes room as well. */
  #takenOctets = 0
  #lostLines = 0

  constructor(maxOctets: number) {
    this.#maxOctets = maxOctets
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  /** Takes one or more whole lines; false when there is no room, and they are counted. */
  offer(lines: string): boolean {
    const octets = Buffer.byteLength(lines)
    if (this.#waitingOctets + this.#takenOctets + octets > this.#maxOctets) {
      this.#lostLines += countLines(lines)
      return false
    }
    this.#waiting.push(lines)
    this.#waitingOctets += octets
    return true
  }

  /** Everything that waits, as octets; until `written` it still counts as room taken. */
  take(): Buffer {
    const octets = Buffer.from(this.#waiting.join(''))
    this.#waiting = []
    this.#waitingOctets = 0
    this.#takenOctets = octets.length
    return octets
  }

  /** What was taken is out of the way. */
  written(): void {
    this.#takenOctets = 0
  }

  /** Lines that somebody else had to give up. */
  countLost(lines: number): void {
    this.#lostLines += lines
  }

  /** Lines that wait and are not taken yet. */
  countWaiting(): number {
    return this.#waiting.reduce((sum, lines) => sum + countLines(lines), 0)
  }

  /** Lines lost since it was asked last. */
  takeLost(): number {
    const lost = this.#lostLines
    this.#lostLines = 0
    return lost
  }
}

/** How many lines end in a text. */
export function countLines(text: string | Uint8Array): number {
  let count = 0
  for (let at = indexOfNewline(text, 0); at >= 0; at = indexOfNewline(text, at + 1)) count++
  return count
}

function indexOfNewline(text: string | Uint8Array, from: number): number {
  return typeof text === 'string' ? text.indexOf('\n', from) : text.indexOf(0x0a, from)
}
