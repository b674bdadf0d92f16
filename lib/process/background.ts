/** Threads that prepare and clear up for the one that serves: they have the core when it has no use for it, and a tenth of it otherwise. */
import { setPriority } from 'node:os'
import { basename } from 'node:path'
import { readLink, readNames } from '../proc/file.ts'

/** The weight of such a thread is 110 to the 1,024 of another (sched(7)): it goes on, but never for a slice while others wait. */
const niceness = 10

/** Without effect where a filter of system calls forbids it, or the thread has ended. */
export function workInBackground(thread: number): void {
  try {
    setPriority(thread, niceness)
  } catch {
    // It competes with the others, as it did before.
  }
}

/** All threads that there are but the first one, which runs the program. */
export function putOthersInBackground(): void {
  try {
    for (const thread of readNames('/proc/self/task') ?? [])
      if (Number(thread) !== process.pid) workInBackground(Number(thread))
  } catch {
    // Nobody can tell which there are: no descriptor is left to look.
  }
}

/** The number that the kernel knows the calling thread by; undefined where /proc is not mounted. */
export function ownThread(): number | undefined {
  const path = readLink('/proc/thread-self')
  return path === undefined ? undefined : Number(basename(path))
}
