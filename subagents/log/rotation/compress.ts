/** Compresses a rotated file beside itself: slowly, and so that a cut at any point leaves the file or its `.gz` whole. */
import { constants, type Stats } from 'node:fs'
import { type FileHandle, lstat, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
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
export async function compress(path: string, { signal, rest }: CompressOptions): Promise<Compressed> {
  const draft = `${path}${draftSuffix}`
  await rm(draft, { force: true })
  // Who may write logs may be less than we are: no link of theirs is followed, and what is open is what is changed.
  const source = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const before = await source.stat()
    await writeDraft(source, before, draft, { signal, rest })
    if (isChanged(before, await lstat(path))) {
      await rm(draft, { force: true })
      return 'written'
    }
    await rename(draft, `${path}.gz`)
    await makeDurable(dirname(path))
    await rm(path)
    return 'compressed'
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {}) // it is looked for again at the next start
    throw error
  } finally {
    await source.close()
  }
}

/** Whether PATH.gz has all of PATH: its last four octets are the length, modulo 2^32 (RFC 1952 §2.3.1). */
export async function isCompressedWhole(path: string): Promise<boolean> {
  const file = await open(`${path}.gz`, 'r')
  try {
    const { size } = await file.stat()
    if (size < 18) return false
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, size - 4)
    return buffer.readUInt32LE(0) === (await stat(path)).size % 2 ** 32
  } finally {
    await file.close()
  }
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
  draft: string,
  { signal, rest }: CompressOptions,
): Promise<void> {
  const target = await open(draft, 'wx', 0o600)
  try {
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
  } finally {
    await target.close()
  }
}

async function makeDurable(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
