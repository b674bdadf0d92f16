/** The bindings of before a restart, from their file into memory. Whatever the file is like, the daemon starts. */
import { statSync } from 'node:fs'
import type { Log } from '../../lib/log.ts'
import { BindingsFile, inodeOf, moveAsideIfBroken } from './bindings-file.ts'
import type { MemoryLocation } from './memory.ts'

export interface LoadOptions {
  /** Wall clock: what ended before is passed over, and the file's age counts from here. */
  readonly nowMs: number
  /** A file last written before this is emptied (Cisco_Registry_Max_DB_Age_on_Boot); Infinity for any age. */
  readonly maxAgeMs: number
  readonly log: Log
}

/**
 * Fills the store, before anything is routed or written, and returns how many bindings it got; it blocks meanwhile.
 * A broken file, or one of a later version, is moved to `NAME.broken-SECONDS`; that, and a file that cannot be opened,
 * is logged, and the store is left empty. A file that is not there is made.
 */
export function loadBindings(path: string, store: MemoryLocation, { nowMs, maxAgeMs, log }: LoadOptions): number {
  const inode = inodeOf(path)
  let file: BindingsFile | undefined
  let loaded = 0
  try {
    const ageMs = nowMs - writtenAtMs(path)
    file = new BindingsFile(path)
    if (inode !== undefined && ageMs > maxAgeMs) {
      file.removeAll()
      log.notice('the registrations on disk are too old and were dropped', { path, ageSeconds: seconds(ageMs) })
      return 0
    }
    for (const [addressOfRecord, binding] of file.read(nowMs)) {
      store.restore(addressOfRecord, binding)
      loaded++
    }
    return loaded
  } catch (error) {
    store.clear()
    recover(path, inode, error as Error, nowMs, log)
    return 0
  } finally {
    file?.close()
  }
}

function recover(path: string, inode: number | undefined, error: Error, nowMs: number, log: Log): void {
  let movedTo: string | undefined
  try {
    movedTo = moveAsideIfBroken(path, inode, error, nowMs)
  } catch (renameError) {
    log.error('the broken file of registrations could not be moved aside', { path, error: String(renameError) })
  }
  log.error('the registrations on disk could not be read; phones are unknown until they register again', {
    path,
    movedTo,
    error: error.message,
  })
}

/** The log is newer than the file until a checkpoint. */
function writtenAtMs(path: string): number {
  const times = [path, `${path}-wal`].map((name) => statSync(name, { throwIfNoEntry: false })?.mtimeMs ?? 0)
  return Math.max(...times)
}

function seconds(ms: number): number {
  return Math.round(ms / 1000)
}
