/** Daemons of the version before, which kept their locks and PID files in run/ itself: nothing is moved under their hands. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readPidFile } from '../files/pid-file.ts'
import { domains, type Home } from '../home/home.ts'
import { HomeLock } from '../home/lock.ts'
import { shellWord } from '../text/shell-word.ts'

/** Another process of this version that migrates the home has them for a moment. */
const waitMs = 2000
const lookEveryMs = 50

/**
 * Holds the locks that the daemons would have, so that none starts meanwhile; gives what releases them. Throws when one runs.
 */
export function holdOldLocks(home: Home): () => void {
  const held: HomeLock[] = []
  const release = (): void => {
    for (const lock of held) lock.release()
  }
  try {
    for (const name of domains) {
      const path = join(home.run, `${name}.lock`)
      // The agent's is there in any case: two that migrate the home keep each other out by it.
      if (name !== 'agent' && !existsSync(path)) continue
      const lock = takeWithin(path, waitMs)
      const running = readPidFile(join(home.run, `${name}.pid`))
      if (lock) held.push(lock)
      if (lock && !running) continue
      throw new Error(
        `the ${name} of ${home.root} is of an older version and runs${running ? ` as PID ${running.pid}` : ''}; before files are moved to new folders, run: castellan stop --home ${shellWord(home.root)}`,
      )
    }
    return release
  } catch (error) {
    release()
    throw error
  }
}

function takeWithin(path: string, withinMs: number): HomeLock | undefined {
  const deadlineMs = performance.now() + withinMs
  for (;;) {
    const lock = HomeLock.tryTake(path)
    if (lock || performance.now() > deadlineMs) return lock
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lookEveryMs)
  }
}
