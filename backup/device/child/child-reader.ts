/** A file that is read through the child, no faster than it is taken. */
import { untilAborted } from '../within.ts'
import type { Channel } from './channel.ts'
import { type Request, windowOctets } from './messages.ts'

export async function* readFromChild(
  open: () => Channel,
  request: Extract<Request, { type: 'read' }>,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  signal.throwIfAborted()
  const channel = open()
  const pieces: Buffer[] = []
  let waiting = 0
  let end: { readonly error?: unknown } | undefined
  let wake = (): void => {}
  const id = channel.start(request, {
    take: (octets) => {
      waiting += octets.length
      // The channel ends a child that sends more than it may: it would fill the memory of the job.
      if (waiting > 2 * windowOctets) throw new Error('it sent more than it was asked for')
      pieces.push(octets)
      wake()
    },
    answer: () => {
      end = {}
      wake()
    },
    fail: (error) => {
      end = { error }
      wake()
    },
  })
  try {
    for (;;) {
      signal.throwIfAborted()
      const piece = pieces.shift()
      if (piece) {
        waiting -= piece.length
        yield piece
        channel.send(id, { type: 'taken', octets: piece.length })
      } else if (end) {
        if ('error' in end) throw end.error
        return
      } else
        await untilAborted(
          new Promise<void>((resolve) => {
            wake = resolve
          }),
          signal,
        )
    }
  } finally {
    if (!end) channel.cancel(id)
  }
}
