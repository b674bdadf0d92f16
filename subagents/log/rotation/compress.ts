/** Compresses a rotated file beside itself: slowly, and so that a cut at any point leaves the file or its `.gz` whole. */
import type { Stats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { atPlace, type Folder } from '../../../lib/trust/folder.ts'
import { makeIn, openIn } from '../../../lib/trust/open.ts'
import { draftSuffix } from './rotated-files.ts'

export interface CompressOptions {
  /** Whoever stops does not wait: the draft goes, the file stays. */
  readonly signal: AbortSignal
  /** Waits; the machine's timers, unless a test says otherwise. */
  readonly rest: (ms: number) => Promise<void>
}

/** `written` says that the file changed while it was read: somebody has it. The draft is gone then. */
export type Compressed = 'compressed' | 'written'

const chunkOctets = 256 * 1024
/** Of the time; a call is worth more than a smaller file. */
const busyShare = 0.25

/** Makes PATH.gz of PATH and removes PATH. Throws what the file system throws; PATH stays as it is then. */
export function compress(path: string, options: CompressOptions): Promise<Compressed> {
  // Who may write logs may be less than we are: all of it is within one folder, and what is open is what is changed.
  return atPlace(path, (folder, name) => compressIn(folder, name, options))
}

async function compressIn(folder: Folder, name: string, options: CompressOptions): Promise<Compressed> {
  const draft = `${name}${draftSuffix}`
  await folder.remove(draft)
  const source = await openIn(folder, name, 'read')
  try {
    const before = await source.stat()
    const target = await makeIn(folder, draft)
    try {
      await writeDraft(source, before, target, options)
    } finally {
      await target.close()
    }
    if (isChanged(before, await folder.lstat(name))) {
      await folder.remove(draft)
      return 'written'
    }
    await folder.rename(draft, `${name}.gz`)
    await folder.sync()
    await folder.remove(name)
    return 'compressed'
  } catch (error) {
    await folder.remove(draft).catch(() => {}) // it is looked for again at the next start
    throw error
  } finally {
    await source.close()
  }
}

/** Whether PATH.gz has all of PATH: its last four octets are the length, modulo 2^32 (RFC 1952 §2.3.1). */
export function isCompressedWhole(path: string): Promise<boolean> {
  return atPlace(path, async (folder, name) => {
    const file = await openIn(folder, `${name}.gz`, 'read')
    try {
      const { size } = await file.stat()
      if (size < 18) return false
      const { buffer } = await file.read(Buffer.alloc(4), 0, 4, size - 4)
      return buffer.readUInt32LE(0) === (await folder.lstat(name)).size % 2 ** 32
    } finally {
      await file.close()
    }
  })
}

/** Gives chunk after chunk, and rests for three times as long as each took. */
async function* paced(source: FileHandle, rest: CompressOptions['rest']): AsyncGenerator<Buffer> {
  for (;;) {
    const { buffer, bytesRead } = await source.read(Buffer.alloc(chunkOctets), 0, chunkOctets)
    if (bytesRead === 0) return
    const givenMs = performance.now()
    yield buffer.subarray(0, bytesRead)
    await rest(((performance.now() - givenMs) * (1 - busyShare)) / busyShare)
  }
}

function isChanged(before: Stats, after: Stats): boolean {
  return before.ino !== after.ino || before.size !== after.size || before.mtimeMs !== after.mtimeMs
}

/** Makes the draft durable, with the owner, mode and time of what it was made from. */
async function writeDraft(
  source: FileHandle,
  { mode, uid, gid, atime, mtime }: Stats,
  target: FileHandle,
  { signal, rest }: CompressOptions,
): Promise<void> {
  await pipeline(
    paced(source, rest),
    createGzip(),
    async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) await target.appendFile(chunk)
    },
    { signal },
  )
  if (process.getuid?.() === 0) await target.chown(uid, gid)
  await target.chmod(mode & 0o777)
  await target.utimes(atime, mtime)
  await target.sync()
}
