/** Reads an archive to its end, and believes nothing of it before its signed manifest has listed all that it has. */
import { createHash, type Hash, type KeyObject } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { codeOf, messageOf } from '../../lib/errors.ts'
import { decryptWith } from './age.ts'
import { ArchiveError } from './archive-error.ts'
import { EntryPaths } from './entry-path.ts'
import { type Entry, entriesOf, type Manifest, manifestName, parseManifest, signatureName } from './manifest.ts'
import { isSignedBy } from './signature.ts'
import type { Piece } from './sparse-reader.ts'
import { type TarEntry, tarEntries } from './tar-reader.ts'

/** Takes what an archive has, as it comes; it is good for nothing before `readArchive` has resolved. */
export interface ArchiveVisitor {
  directory(path: string): Promise<void>
  link(path: string, target: string): Promise<void>
  file(path: string, octets: number, pieces: AsyncIterable<Piece>): Promise<void>
}

export interface ReadOptions {
  /** Of age: `AGE-SECRET-KEY-1…`. */
  readonly identities: readonly string[]
  /** One of these has signed it. */
  readonly signers: readonly KeyObject[]
  readonly signal: AbortSignal
  /** Of the tar within; more is refused. */
  readonly mostTarOctets?: number
}

export interface ReadArchive {
  readonly manifest: Manifest
  readonly octets: number
  readonly sha256: string
}

/** A manifest of a million files. */
const mostManifestOctets = 512 * 1024 * 1024
const pieceOctets = 256 * 1024

/** Throws ArchiveError where anything is wrong with it, or what the source throws. */
export async function readArchive(
  sealed: AsyncIterable<Buffer>,
  options: ReadOptions,
  visitor: ArchiveVisitor,
): Promise<ReadArchive> {
  const hash = createHash('sha256')
  let octets = 0
  const counted = passing(sealed, (piece) => {
    octets += piece.length
    hash.update(piece)
  })
  const gunzip = createGunzip({ chunkSize: pieceOctets })
  const unzipping = pipeline(decryptWith(options.identities, counted), gunzip, { signal: options.signal })
  unzipping.catch(() => {}) // who reads from it is told
  const reader = new Reader(visitor)
  try {
    for await (const entry of tarEntries(bounded(gunzip, options.mostTarOctets))) await reader.take(entry)
    await unzipping
  } catch (error) {
    throw asArchiveError(error, options.signal)
  } finally {
    gunzip.destroy()
    await unzipping.catch(() => {})
  }
  return { manifest: reader.finish(options.signers), octets, sha256: hash.digest('hex') }
}

/** Writes nothing anywhere: for those who only check. */
export const readOnly: ArchiveVisitor = {
  directory: async () => {},
  link: async () => {},
  async file(_path, _octets, pieces) {
    for await (const _ of pieces);
  },
}

type Seen = Pick<Entry, 'path'> &
  ({ type: 'directory' } | { type: 'link'; target: string } | { type: 'file'; octets: number; sha256: string })

class Reader {
  readonly #visitor: ArchiveVisitor
  readonly #paths = new EntryPaths()
  readonly #seen = new Map<string, Seen>()
  #manifest: Buffer | undefined
  #signature: string | undefined

  constructor(visitor: ArchiveVisitor) {
    this.#visitor = visitor
  }

  async take(entry: TarEntry): Promise<void> {
    if (this.#signature !== undefined) throw new ArchiveError('notListed', 'the archive goes on behind its signature')
    if (entry.type === 'file' && entry.path === manifestName && this.#manifest === undefined) {
      this.#manifest = await contentOf(entry.pieces, mostManifestOctets)
      return
    }
    if (this.#manifest !== undefined) {
      if (entry.type !== 'file' || entry.path !== signatureName)
        throw new ArchiveError('notListed', 'the archive goes on behind its manifest')
      this.#signature = (await contentOf(entry.pieces, 1024)).toString('latin1')
      return
    }
    this.#paths.add(entry.path, entry.type === 'directory' ? 'folder' : entry.type)
    this.#seen.set(entry.path, await this.#visit(entry))
  }

  async #visit(entry: TarEntry): Promise<Seen> {
    switch (entry.type) {
      case 'directory':
        await this.#visitor.directory(entry.path)
        return entry
      case 'link':
        await this.#visitor.link(entry.path, entry.target)
        return entry
      case 'file': {
        const sum = new PieceHash()
        const pieces = passing(entry.pieces, (piece) => sum.add(piece))
        await this.#visitor.file(entry.path, entry.octets, pieces)
        return { type: 'file', path: entry.path, octets: entry.octets, sha256: sum.end(entry.octets) }
      }
    }
  }

  finish(signers: readonly KeyObject[]): Manifest {
    const octets = this.#manifest
    const signature = this.#signature
    if (octets === undefined || signature === undefined)
      throw new ArchiveError('notSigned', 'the archive ends without a signed manifest')
    if (!signers.some((key) => isSignedBy(octets, signature.replace(/\n$/, ''), key)))
      throw new ArchiveError('notSigned', 'the manifest of the archive is not signed by the key that is trusted')
    const manifest = parseManifest(octets)
    this.#compare(entriesOf(manifest))
    return manifest
  }

  #compare(listed: readonly Entry[]): void {
    for (const entry of listed) {
      const seen = this.#seen.get(entry.path)
      this.#seen.delete(entry.path)
      const difference = differenceOf(seen, entry)
      if (difference !== undefined)
        throw new ArchiveError('notListed', `${JSON.stringify(entry.path)} of the archive ${difference}`)
    }
    const [more] = this.#seen.keys()
    if (more !== undefined)
      throw new ArchiveError('notListed', `${JSON.stringify(more)} is in the archive and not in its signed manifest`)
  }
}

function differenceOf(seen: Seen | undefined, listed: Entry): string | undefined {
  if (seen === undefined) return 'is in its signed manifest and not there'
  if (seen.type === 'file' && listed.type === 'file')
    return seen.octets === listed.octets && seen.sha256 === listed.sha256
      ? undefined
      : 'has not the content that its signed manifest lists'
  if (seen.type === 'link' && listed.type === 'link')
    return seen.target === listed.target ? undefined : 'leads elsewhere than its signed manifest lists'
  return seen.type === listed.type ? undefined : `is a ${seen.type}, and a ${listed.type} in its signed manifest`
}

/** Of a file whose holes are zeros. */
class PieceHash {
  readonly #hash: Hash = createHash('sha256')
  readonly #zeros = Buffer.alloc(64 * 1024)
  #at = 0

  add({ at, octets }: Piece): void {
    this.#skipTo(at)
    this.#hash.update(octets)
    this.#at += octets.length
  }

  end(octets: number): string {
    this.#skipTo(octets)
    return this.#hash.digest('hex')
  }

  #skipTo(at: number): void {
    for (; this.#at < at; this.#at += Math.min(this.#zeros.length, at - this.#at))
      this.#hash.update(this.#zeros.subarray(0, at - this.#at))
  }
}

async function contentOf(pieces: AsyncIterable<Piece>, most: number): Promise<Buffer> {
  const found: Buffer[] = []
  let count = 0
  for await (const { octets } of pieces) {
    count += octets.length
    if (count > most) throw new ArchiveError('forbidden', 'the manifest of the archive is too large')
    found.push(octets)
  }
  return Buffer.concat(found)
}

async function* passing<T>(values: AsyncIterable<T>, look: (value: T) => void): AsyncGenerator<T> {
  for await (const value of values) {
    look(value)
    yield value
  }
}

async function* bounded(octets: AsyncIterable<Buffer>, most = Number.POSITIVE_INFINITY): AsyncGenerator<Buffer> {
  let count = 0
  for await (const piece of octets) {
    count += piece.length
    if (count > most) throw new ArchiveError('notListed', 'the archive unpacks to more than the list of its set says')
    yield piece
  }
}

function asArchiveError(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason
  return codeOf(error)?.startsWith('Z_')
    ? new ArchiveError('damaged', `the archive cannot be decompressed: ${messageOf(error)}`, { cause: error })
    : error
}
