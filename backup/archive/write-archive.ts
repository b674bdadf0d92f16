/** Writes an archive: tar, gzip and age as one stream, with the memory of a few pieces whatever its size. */
import { createHash, type KeyObject } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { encryptTo } from './age.ts'
import { type Manifest, manifestName, serializeManifest, signatureName } from './manifest.ts'
import { signOctets } from './signature.ts'
import type { SourceComponent } from './source.ts'
import { type ComponentResult, type TarEvents, tarOf } from './tar-writer.ts'

export interface ArchiveOptions {
  readonly components: readonly SourceComponent[]
  /** Of age: `age1…`. Each can open it. */
  readonly recipients: readonly string[]
  readonly signingKey: KeyObject
  /** What the manifest says besides the components. */
  about(results: readonly ComponentResult[]): Omit<Manifest, 'format' | 'product' | 'components'>
  readonly events: TarEvents
  readonly signal: AbortSignal
}

export interface WrittenArchive {
  readonly octets: number
  readonly sha256: string
  /** Of the tar within. */
  readonly tarOctets: number
}

const pieceOctets = 256 * 1024
/**
 * Level 1 costs a third of level 6, and databases and logs shrink nearly as much. It runs on a thread of Node's pool, which never
 * waits for the next piece to be read and hashed, as it would with the high-water mark of 16 KiB that streams have.
 */
const gzipOptions = { level: 1, chunkSize: pieceOctets, highWaterMark: 8 * pieceOctets }

/** `write` resolves when it can take more. */
export async function writeArchive(
  { components, recipients, signingKey, about, events, signal }: ArchiveOptions,
  write: (octets: Buffer) => Promise<void>,
): Promise<WrittenArchive> {
  const hash = createHash('sha256')
  let octets = 0
  let tarOctets = 0
  const closing = (results: readonly ComponentResult[]) => {
    const listed = results.map(({ feature, component, kind, warnings, entries }) => ({
      ...{ feature, component, kind, warnings, entries },
    }))
    const manifest = serializeManifest({ format: 1, product: 'castellan', ...about(results), components: listed })
    return [
      { name: manifestName, content: manifest },
      { name: signatureName, content: Buffer.from(`${signOctets(manifest, signingKey)}\n`) },
    ]
  }
  await pipeline(
    counted(tarOf(components, closing, events, signal), (count) => (tarOctets += count)),
    createGzip(gzipOptions),
    (compressed: AsyncIterable<Buffer>) => encryptTo(recipients, compressed),
    async (sealed: AsyncIterable<Buffer>) => {
      for await (const piece of sealed) {
        hash.update(piece)
        octets += piece.length
        await write(piece)
      }
    },
    { signal },
  )
  return { octets, sha256: hash.digest('hex'), tarOctets }
}

async function* counted(octets: AsyncIterable<Buffer>, count: (octets: number) => void): AsyncGenerator<Buffer> {
  for await (const piece of octets) {
    count(piece.length)
    if (piece.length > 0) yield piece
  }
}
