/** Watches a folder of PID files, so that a daemon is found as soon as it has written its own. */
import { watch } from 'node:fs'
import { messageOf } from '../../../lib/errors.ts'
import type { Log } from '../../../lib/log/log.ts'

export interface PidFiles {
  close(): void
}

/** Calls back with the NAME of every NAME.pid that comes or changes; undefined where the kernel has no watch left to give. */
export function watchPidFiles(folder: string, log: Log, written: (name: string) => void): PidFiles | undefined {
  const cannot = (error: unknown): void =>
    log.warn('the folder of PID files cannot be watched; it is looked at again and again', {
      folder,
      error: messageOf(error),
    })
  try {
    const watcher = watch(folder, { persistent: false }, (_, file) => {
      const [, name] = /^(.+)\.pid(?:\.\d+\.\d+)?$/.exec(file ?? '') ?? []
      if (name !== undefined) written(name)
    })
    watcher.on('error', cannot)
    return watcher
  } catch (error) {
    cannot(error)
    return undefined
  }
}
