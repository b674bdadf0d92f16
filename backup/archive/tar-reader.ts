/** The entries of an archive, as tar-stream finds them, with what an archive of ours may have. */
import { once } from 'node:events'
import tar from 'tar-stream'
import { errorOf, messageOf } from '../../lib/errors.ts'
import { fieldsOf } from '../../lib/text/fields.ts'
import { textOfOctets } from '../../lib/text/lossless-text.ts'
import { ArchiveError } from './archive-error.ts'
import { forbidden } from './entry-path.ts'
import { type Piece, parseSparse, wholePieces } from './sparse-reader.ts'

export type TarEntry =
  | { readonly type: 'directory'; readonly path: string }
  | { readonly type: 'link'; readonly path: string; readonly target: string }
  | {
      readonly type: 'file'
      readonly path: string
      /** Of the file, holes included. */
      readonly octets: number
      readonly isSparse: boolean
      /** To be read to its end before the next entry. */
      readonly pieces: AsyncIterable<Piece>
    }

/** One character for each octet, as a name need not be UTF-8; the types of tar-stream do not know it. */
const inOctets = { highWaterMark: 1024 * 1024, filenameEncoding: 'latin1' }

type Source = tar.ExtractEvents['entry'][1]

/** Throws ArchiveError where it is no tar, or has what we never write. */
export async function* tarEntries(octets: AsyncIterable<Buffer>): AsyncGenerator<TarEntry> {
  const extract = tar.extract(inOctets)
  let sourceError: unknown
  const feeding = feed(octets, extract, (error) => {
    sourceError = error
  })
  try {
    for await (const entry of extract) yield await read(entry)
  } catch (error) {
    if (error === sourceError || error instanceof ArchiveError) throw error
    throw new ArchiveError('damaged', `the archive is no tar file: ${messageOf(error)}`, { cause: error })
  } finally {
    extract.destroy(null)
    await feeding
  }
}

/** Never rejects: what goes wrong ends the extraction. */
async function feed(
  octets: AsyncIterable<Buffer>,
  extract: tar.Extract,
  onError: (error: Error) => void,
): Promise<void> {
  const closed = once(extract, 'close').catch(() => {})
  try {
    for await (const piece of octets) {
      if (extract.destroyed) return
      if (!extract.write(piece)) await Promise.race([once(extract, 'drain').catch(() => {}), closed])
    }
    extract.end(null)
  } catch (thrown) {
    const error = errorOf(thrown)
    onError(error)
    extract.destroy(error)
  }
}

async function read(entry: Source): Promise<TarEntry> {
  const { header } = entry
  const { pax } = fieldsOf(header)
  const path = pathOf(header, fieldsOf(pax).path)
  switch (header.type) {
    case 'directory':
      entry.resume()
      return { type: 'directory', path: path.replace(/\/$/, '') }
    case 'symlink':
      entry.resume()
      return { type: 'link', path, target: textOfOctets(Buffer.from(header.linkname ?? '', 'latin1')) }
    case 'file': {
      const content = buffersOf(entry)
      const sparse = await parseSparse(content, fieldsOf(pax))
      const octets = sparse?.octets ?? header.size ?? 0
      return {
        type: 'file',
        path,
        octets,
        isSparse: sparse !== undefined,
        pieces: sparse?.pieces ?? wholePieces(content),
      }
    }
    case 'link':
      throw forbidden(path, `is a hard link to ${JSON.stringify(header.linkname)}`)
    default:
      throw forbidden(path, `is ${header.type ?? 'of an unknown kind'}`)
  }
}

async function* buffersOf(source: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
  for await (const octets of source) if (Buffer.isBuffer(octets)) yield octets
}

function pathOf({ name }: tar.Header, paxPath: unknown): string {
  return typeof paxPath === 'string' ? paxPath : textOfOctets(Buffer.from(name, 'latin1'))
}
