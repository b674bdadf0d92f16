/** Compresses a rotated file beside itself: slowly, and so that a cut at any point leaves the file or its `.gz` whole. */
import { createReadStream, createWriteStream, type Stats } from 'node:fs'
import { chmod, chown, open, rename, rm, stat, utimes } from 'node:fs/promises'
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
  try {
    const before = await stat(path)
    await pipeline(
      createReadStream(path, { highWaterMark: chunkOctets }),
      (chunks: AsyncIterable<Buffer>) => paced(chunks, rest),
      createGzip(),
      createWriteStream(draft, { flags: 'wx', mode: 0o600 }),
      { signal },
    )
    await makeDurable(draft)
    if (isChanged(before, await stat(path))) {
      await rm(draft, { force: true })
      return 'written'
    }
    await takeOver(before, draft)
    await rename(draft, `${path}.gz`)
    await makeDurable(dirname(path))
    await rm(path)
    return 'compressed'
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {}) // it is looked for again at the next start
    throw error
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

/** Gives each chunk on, then rests for three times as long as it took. */
async function* paced(chunks: AsyncIterable<Buffer>, rest: CompressOptions['rest']): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    const givenMs = performance.now()
    yield chunk
    await rest(((performance.now() - givenMs) * (1 - busyShare)) / busyShare)
  }
}

function isChanged(before: Stats, after: Stats): boolean {
  return before.size !== after.size || before.mtimeMs !== after.mtimeMs
}

async function takeOver({ mode, uid, gid, atime, mtime }: Stats, path: string): Promise<void> {
  await chmod(path, mode & 0o777)
  if (process.getuid?.() === 0) await chown(path, uid, gid)
  await utimes(path, atime, mtime)
}

async function makeDurable(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
