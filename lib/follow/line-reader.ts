/** The lines of one file from where its generation stands: whole ones only, bounded, and proved to be those that follow. */
import type { FileHandle } from 'node:fs/promises'
import { advance, type Generation, readAt, tailOctets } from './generation.ts'

/**
 * Takes the lines of one read, without their ends. What it resolves to is called in the same turn in which the
 * follower's state moves past these lines: what it changes, and the state, are always of one time.
 */
export type Deliver = (lines: readonly string[]) => Promise<() => void>

/** `replaced`: what is before the place where the generation stands is not what was read there. */
export type Outcome = 'atEnd' | 'partOfLine' | 'more' | 'replaced'

const readOctets = 64 * 1024
/** One call reads so much of a file at most, so that others have their turn. */
const callOctets = 4 * 1024 * 1024
export const newline = 0x0a

export class LineReader {
  /** Of a longer line the beginning is delivered, and the rest passed over. */
  readonly #maxLineOctets: number
  readonly #now: () => number
  #buffer = Buffer.allocUnsafe(readOctets)

  /** `now`: the monotonic clock of the generations. */
  constructor(maxLineOctets: number, now: () => number) {
    this.#maxLineOctets = maxLineOctets
    this.#now = now
  }

  /** Reads what is new, and moves the generation past it. Throws what `deliver` throws; then it stands where it stood. */
  async read(generation: Generation, handle: FileHandle, deliver: Deliver): Promise<Outcome> {
    for (let budget = callOctets; budget > 0; ) {
      // The tail is read together with what follows it, so that nothing can come between the proof and the reading.
      const { tail } = generation
      const buffer = this.#buffer
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, generation.offset - tail.length)
      if (!buffer.subarray(0, Math.min(tail.length, bytesRead)).equals(tail)) return 'replaced'
      const content = buffer.subarray(tail.length, bytesRead)
      if (content.length === 0) return 'atEnd'
      const endOctets = generation.offset + content.length
      if (endOctets > generation.endOctets && generation.quietSinceMs !== undefined)
        generation.quietSinceMs = this.#now()
      generation.endOctets = endOctets
      // A writer that does not append leaves a hole where the file was truncated.
      const holeOctets = generation.isSkipping ? 0 : holeAtStart(content)
      const end = content.lastIndexOf(newline) + 1
      const isFull = bytesRead === buffer.length
      if (holeOctets > 0 && holeOctets >= end) {
        advance(generation, content.subarray(0, holeOctets))
        budget -= holeOctets
        continue
      }
      if (end > 0) {
        const whole = content.subarray(holeOctets, end - 1)
        const lines = linesOf(
          generation.isSkipping ? whole.subarray(whole.indexOf(newline) + 1 || whole.length) : whole,
        )
        if (generation.isSkipping && !whole.includes(newline)) lines.length = 0
        await hand(generation, content.subarray(0, end), false, lines, deliver)
        budget -= end
        if (this.#buffer.length > readOctets) this.#buffer = Buffer.allocUnsafe(readOctets)
        continue
      }
      if (!isFull) return 'partOfLine'
      if (generation.isSkipping) advance(generation, Buffer.from(content))
      else if (buffer.length < this.#maxLineOctets + tailOctets)
        this.#buffer = Buffer.allocUnsafe(Math.min(buffer.length * 4, this.#maxLineOctets + tailOctets))
      else await hand(generation, content, true, linesOf(content), deliver)
      budget -= content.length
    }
    return 'more'
  }

  /** What is left of a file that nobody writes to any more: its last line need not have an end. */
  async readRest(generation: Generation, handle: FileHandle, deliver: Deliver): Promise<void> {
    const { offset, isSkipping } = generation
    const rest = await readAt(handle, offset, this.#maxLineOctets)
    if (rest.length > 0) await hand(generation, rest, false, isSkipping ? [] : linesOf(rest), deliver)
  }
}

async function hand(
  generation: Generation,
  content: Buffer,
  isSkipping: boolean,
  lines: readonly string[],
  deliver: Deliver,
): Promise<void> {
  const apply = await deliver(lines)
  advance(generation, content)
  generation.isSkipping = isSkipping
  apply()
}

/** Invalid UTF-8 becomes U+FFFD. What a hole left before a line is no part of it, nor is a byte order mark. */
function linesOf(content: Buffer): string[] {
  return content
    .toString('utf8')
    .split('\n')
    .map((line) => {
      const from = line.startsWith('\0') || line.startsWith('\ufeff') ? line.search(/[^\0\ufeff]|$/) : 0
      return line.slice(from, line.endsWith('\r') ? -1 : undefined)
    })
}

function holeAtStart(content: Buffer): number {
  let octets = 0
  while (octets < content.length && content[octets] === 0) octets++
  return octets
}
