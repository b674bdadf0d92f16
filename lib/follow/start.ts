/** Where a file is read from that was not followed before. */
import type { FollowerOptions } from './follower-result.ts'
import { type Generation, place, readAt } from './generation.ts'
import { newline } from './line-reader.ts'
import type { Opened } from './open-regular.ts'

/** How far from the end of a file the start of its last line is looked for. */
const lastLineOctets = 64 * 1024

/** At its beginning, where somebody else has read it to, or at its last line. */
export async function placeAtStart(
  generation: Generation,
  { handle, file }: Opened,
  startAt: FollowerOptions['startAt'] = 'end',
): Promise<void> {
  if (startAt === 'beginning') return
  if (typeof startAt === 'object' && startAt.offset > 0 && startAt.offset <= file.size) {
    const tail = Buffer.from(startAt.tail)
    const before = await readAt(handle, startAt.offset - tail.length, tail.length)
    if (tail.length > 0 && before.equals(tail)) return place(generation, handle, startAt.offset)
  }
  // At the start of the last line, so that one which is being written is delivered whole.
  const from = Math.max(0, file.size - lastLineOctets)
  const end = await readAt(handle, from, file.size - from)
  await place(generation, handle, from + end.lastIndexOf(newline) + 1)
  generation.isSkipping = from > 0 && !end.includes(newline)
}
