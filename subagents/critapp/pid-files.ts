/** The folder of PID files, watched: who waits for a daemon to write its own is told at once. */

import { watch } from 'node:fs'
import { errorOf } from '../../lib/errors.ts'
import type { Log } from '../../lib/log/log.ts'

export interface PidFiles {
  close(): void
}

/** Tells the NAME of every NAME.pid that comes or changes; nothing where the kernel has no watch left to give. */
export function watchPidFiles(folder: string, log: Log, written: (name: string) => void): PidFiles | undefined {
  const cannot = (error: Error): void =>
    log.warn('the folder of PID files cannot be watched; it is looked at again and again', {
      folder,
      error: error.message,
    })
  try {
    const watcher = watch(folder, { persistent: false }, (_, file) => {
      const [, name] = /^(.+)\.pid(?:\.\d+\.\d+)?$/.exec(file ?? '') ?? []
      if (name !== undefined) written(name)
    })
    watcher.on('error', cannot)
    return watcher
  } catch (error) {
    cannot(errorOf(error))
    return undefined
  }
}
