/** The bindings of before a restart, from their file into memory. Whatever the file is like, the daemon starts. */

import { statSync } from 'node:fs'
import { errorOf } from '../../lib/errors.ts'
import type { Log } from '../../lib/log/log.ts'
import { isBroken } from '../../lib/sql/sqlite.ts'
import type { Binding } from './binding.ts'
import { BindingsFile, inodeOf, moveAsideIfBroken } from './bindings-file.ts'
import type { MemoryLocation } from './memory.ts'

export interface LoadOptions {
  /**
   * Wall clock: what ended before is passed over, and the file's age counts from here. Where the file was written later than
   * that, this clock is not set yet, and when it was written is taken for now.
   */
  readonly nowMs: number
  /** No binding is kept for longer from now on, whatever the file says (RegistrarMaxExpires). */
  readonly longestMs?: number
  /** RegistrarMaxUsers. */
  readonly mostUsers?: number
  /** A file last written before this is emptied (Cisco_Registry_Max_DB_Age_on_Boot); Infinity for any age. */
  readonly maxAgeMs: number
  readonly log: Log
  /** What a name in the file is called now. */
  readonly rename?: (addressOfRecord: string) => string
}

/** A file that was written so much later than now shows that the clock is not set. */
const aheadMs = 1000

/**
 * Fills the store, before anything is routed or written, and returns how many bindings it got; it blocks meanwhile. It takes
 * a page of rows at a time, and stops at the bounds on users and octets: what is left then is logged, and stays in the file.
 * A broken file, or one of a later version, is moved to `NAME.broken-SECONDS`; that, and a file that cannot be read,
 * is logged, and the store is left empty. A file that is not there is made. Of one that a full or read-only disk does not
 * let SQLite open, a copy is read.
 */
export function loadBindings(path: string, store: MemoryLocation, options: LoadOptions): number {
  const { log } = options
  const inode = inodeOf(path)
  try {
    return loadFrom(path, false, store, options)
  } catch (error) {
    store.clear()
    if (inode === undefined || isBroken(error)) return recover(path, inode, errorOf(error), options.nowMs, log)
    log.warn('the file of registrations cannot be opened to write; what it holds is read', { path, error })
  }
  try {
    return loadFrom(path, true, store, options)
  } catch (error) {
    store.clear()
    return recover(path, inode, errorOf(error), options.nowMs, log)
  }
}

function loadFrom(path: string, isCopy: boolean, store: MemoryLocation, options: LoadOptions): number {
  const { maxAgeMs, log } = options
  const isThere = inodeOf(path) !== undefined
  const writtenMs = writtenAtMs(path)
  const nowMs = writtenMs > options.nowMs + aheadMs ? writtenMs : options.nowMs
  const ageMs = nowMs - writtenMs
  const file = new BindingsFile(path, { isCopy })
  try {
    if (!isThere || ageMs <= maxAgeMs) return fill(store, file, nowMs, options)
    file.removeAll()
    log.notice('the registrations on disk are too old and were dropped', { path, ageSeconds: seconds(ageMs) })
    return 0
  } finally {
    file.close()
  }
}

function fill(store: MemoryLocation, file: BindingsFile, nowMs: number, options: LoadOptions): number {
  const { log, longestMs = Number.POSITIVE_INFINITY, rename = (name: string): string => name } = options
  const toSteadyMs = options.nowMs - nowMs - store.toWallMs()
  const { path } = file
  let loaded = 0
  for (const [addressOfRecord, binding] of file.read(nowMs)) {
    const expiresAtMs = toSteadyMs + Math.min(binding.expiresAtMs, nowMs + longestMs)
    const raise = restoreWithin(store, rename(addressOfRecord), { ...binding, expiresAtMs }, options)
    if (raise !== undefined) {
      log.error(notAll(raise), { path, loaded, left: file.count(nowMs) - loaded, users: store.users })
      return loaded
    }
    loaded++
  }
  const tooLong = file.countTooLong(nowMs)
  if (tooLong > 0)
    log.warn('registrations on disk with longer texts than are taken now were not loaded', { path, rows: tooLong })
  return loaded
}

/** Puts a binding of before; gives the bound that leaves no room for it. */
export function restoreWithin(
  store: MemoryLocation,
  addressOfRecord: string,
  binding: Binding,
  { mostUsers = Number.POSITIVE_INFINITY }: Pick<LoadOptions, 'mostUsers'>,
): 'RegistrarMaxUsers' | 'RegistrarMaxOctets' | undefined {
  if (store.users >= mostUsers && store.find(addressOfRecord).length === 0) return 'RegistrarMaxUsers'
  return store.restore(addressOfRecord, binding) ? undefined : 'RegistrarMaxOctets'
}

export function notAll(raise: string): string {
  return `not all registrations on disk were loaded: ${raise} is reached; those phones are unknown until they register again`
}

/** Of what cannot be read, nothing. */
function recover(path: string, inode: number | undefined, error: Error, nowMs: number, log: Log): 0 {
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
  return 0
}

/**
 * When it was last written, by the wall clock of then. That is the log's time while there is one: the file's is of the last
 * checkpoint, and the later of both may be of a clock that was ahead and has been set back.
 */
function writtenAtMs(path: string): number {
  const [file, log] = [path, `${path}-wal`].map((name) => statSync(name, { throwIfNoEntry: false }))
  return (log !== undefined && log.size > 0 ? log : file)?.mtimeMs ?? 0
}

function seconds(ms: number): number {
  return Math.round(ms / 1000)
}
