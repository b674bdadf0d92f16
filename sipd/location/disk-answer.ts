/** Whether the disk of a file answers: one of a server that is away holds who asks it for ever. */
import { open, stat } from 'node:fs/promises'
import type { Clock } from '../../lib/time/clock.ts'

/** Resolves when the disk has said something of the file, be it that there is none. */
export async function diskAnswer(path: string): Promise<void> {
  for (const name of [path, `${path}-wal`]) {
    try {
      await stat(name)
      const file = await open(name)
      await file.read({ buffer: Buffer.alloc(1) })
      await file.close()
    } catch {
      // That is an answer too.
    }
  }
}

/** Whether it resolves in time. */
export async function isWithin(clock: Clock, promise: Promise<void>, withinMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const patience = clock.after(withinMs, () => resolve(false))
    void promise.then(() => {
      patience.cancel()
      resolve(true)
    })
  })
}
