/** The files beside a log that had its name once: which they are, in what order they had it, and what a compressed one was. */
import type { Stats } from 'node:fs'
import { basename } from 'node:path'
import { gunzipSync, constants as zlib } from 'node:zlib'
import type { Folder, Place } from '../trust/folder.ts'
import { headOctets } from './generation.ts'
import { openRegular } from './open-regular.ts'
import { byRotation, parseRotatedName } from './rotated-name.ts'

export interface Sibling {
  /** In the folder of the live one. */
  readonly name: string
  readonly file: Stats
}

export interface Siblings {
  readonly plain: readonly Sibling[]
  readonly gzipped: readonly Sibling[]
}

/** What was compressed: its first octets, and its length modulo 2^32. */
export interface GzipContent {
  readonly head: Buffer
  readonly length: number
}

/** `access_log.1`, `access_log-20260102`; but `access_log2` is a log of its own. */
const separator = /^[.~-]/
/** What cannot be read as a log, or is just being written by who compresses. */
const unreadable = /\.(bz2|xz|zst|tmp)$/

/** Regular files beside the live one whose names begin with its name. Throws when the folder cannot be listed, or is crowded. */
export async function siblingsOf({ folder, name }: Place): Promise<Siblings> {
  const plain: Sibling[] = []
  const gzipped: Sibling[] = []
  const isBeside = (one: string): boolean =>
    one.startsWith(name) && separator.test(one.slice(name.length)) && !unreadable.test(one)
  for (const one of await folder.readNames(isBeside)) {
    const file = await folder.lstat(one).catch(() => undefined) // it went meanwhile
    if (file?.isFile()) (one.endsWith('.gz') ? gzipped : plain).push({ name: one, file })
  }
  return { plain, gzipped }
}

/** Whether a rotator of ours gave the name: it renames and never copies, so another inode is another file. */
export function isRenamed(name: string, livePath: string): boolean {
  return parseRotatedName(name, basename(livePath)) !== undefined
}

/**
 * The oldest first: by the names where a rotator gave all of them, for several renames fit into one tick of the clock
 * that file times are taken from; else by these times.
 */
export function inOrder<T extends Sibling>(siblings: readonly T[], livePath: string): T[] {
  const named = siblings.flatMap((sibling) => {
    const turn = parseRotatedName(sibling.name, basename(livePath))
    return turn ? { sibling, turn } : []
  })
  if (named.length < siblings.length) return siblings.toSorted((a, b) => byTime(a.file, b.file))
  return named.sort((a, b) => byRotation(a.turn, b.turn)).map(({ sibling }) => sibling)
}

/**
 * Those that had the name of the log after the one that `isLast` finds, as names of our rotator tell: also when the clock
 * was set back meanwhile. None where the names do not tell it.
 */
export function laterByName<T extends Sibling>(
  ordered: readonly T[],
  livePath: string,
  isLast: (file: Stats) => boolean,
): readonly T[] {
  if (!ordered.every(({ name }) => isRenamed(name, livePath))) return []
  const at = ordered.findIndex(({ file }) => isLast(file))
  return at < 0 ? [] : ordered.slice(at + 1)
}

function byTime(a: Stats, b: Stats): number {
  return a.mtimeMs - b.mtimeMs || a.birthtimeMs - b.birthtimeMs
}

/** Undefined when it is gone, or no gzip file. The length is what its last four octets say (RFC 1952 §2.3.1). */
export async function readGzip(folder: Folder, name: string): Promise<GzipContent | undefined> {
  try {
    const opened = await openRegular(folder, name)
    if (!opened) return undefined
    const { handle, file } = opened
    try {
      if (file.size < 18) return undefined
      const begin = Buffer.alloc(Math.min(file.size, 4096))
      await handle.read(begin, 0, begin.length, 0)
      const { buffer: end } = await handle.read(Buffer.alloc(4), 0, 4, file.size - 4)
      // Z_SYNC_FLUSH: of a file that goes on, as much as these octets give.
      const content = gunzipSync(begin, { finishFlush: zlib.Z_SYNC_FLUSH })
      return { head: content.subarray(0, headOctets), length: end.readUInt32LE(0) }
    } finally {
      await handle.close()
    }
  } catch {
    return undefined
  }
}
